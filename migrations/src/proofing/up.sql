alter table evidence add column valid_until {timestamp};

alter table evidence add column withdrawn_at {timestamp};

alter table evidence add column withdrawn_by text;

alter table evidence add column withdrawn_reason text;

alter table link add column assurance_later text;
