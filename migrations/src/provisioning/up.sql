create table provisioning_target (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  iss text not null,
  settings text not null,
  client_id text not null,
  key_id integer not null,
  sealed {bytes} not null,
  state text not null,
  paused_until {timestamp},
  created_at {timestamp} not null,
  updated_at {timestamp} not null,
  primary key (organization_id, id)
);

create table provisioning_account (
  organization_id {uuid} not null,
  target_id {uuid} not null,
  account_id {uuid} not null,
  generation bigint not null,
  status text not null,
  due_at {timestamp} not null,
  leased_until {timestamp},
  attempts integer not null,
  written {bytes},
  error text,
  changed_at {timestamp} not null,
  settled_at {timestamp},
  primary key (organization_id, target_id, account_id)
);

create index provisioning_due on provisioning_account (due_at) where status = 'pending';

create index provisioning_by_status on provisioning_account (organization_id, target_id, status);

create table provisioning_run (
  organization_id {uuid} not null,
  target_id {uuid} not null,
  phase text not null,
  cause text not null,
  requested_at {timestamp} not null,
  leased_until {timestamp},
  after_account {uuid},
  total bigint not null,
  counts text not null,
  failures integer not null,
  last text,
  primary key (organization_id, target_id)
);
