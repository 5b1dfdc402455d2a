alter table patient drop column deceased_seen_at;

alter table organization drop column access_rules;

alter table invitation drop column basis;

alter table link drop column facts_sealed;

alter table link drop column facts_key_id;

alter table link drop column basis;
