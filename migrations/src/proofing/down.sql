alter table link drop column assurance_later;

alter table evidence drop column withdrawn_reason;

alter table evidence drop column withdrawn_by;

alter table evidence drop column withdrawn_at;

alter table evidence drop column valid_until;
