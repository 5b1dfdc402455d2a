alter table patient drop column contacts_changed_at;
alter table patient drop column contacts_hash;
drop table review;
drop table claim_candidate;
drop table claim;
