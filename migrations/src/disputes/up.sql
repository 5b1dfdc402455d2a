alter table link add column suspended_at {timestamp};

alter table link add column suspended_by text;

alter table link add column suspended_reason text;

drop index link_live_unique;

create unique index link_live_unique on link (account_id, organization_id, patient_id) where status <> 'revoked';

create table dispute (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  link_id {uuid} not null,
  account_id {uuid} not null,
  patient_id {uuid} not null,
  message_id {uuid} not null,
  opened_at {timestamp} not null,
  status text not null,
  decided_at {timestamp},
  decided_by text,
  decided_reason text,
  primary key (organization_id, id)
);

create unique index dispute_open_unique on dispute (organization_id, link_id) where status = 'open';

create index dispute_by_link on dispute (organization_id, link_id, id);

create index dispute_by_status on dispute (organization_id, status, id);

alter table outbox_message add column kind text not null default 'mail';

drop index outbox_message_due;

create index outbox_message_due on outbox_message (kind, due_at) where status = 'pending';
