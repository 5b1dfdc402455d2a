create table authenticator (
  account_id {uuid} primary key,
  version integer not null,
  failures integer not null,
  active_key_id integer,
  active_sealed {bytes},
  confirmed_at {timestamp},
  last_step bigint,
  pending_key_id integer,
  pending_sealed {bytes},
  enrolled_at {timestamp}
);

create table recovery_code (
  account_id {uuid} not null,
  number integer not null,
  key_id integer not null,
  hash {bytes} not null,
  used_at {timestamp},
  primary key (account_id, number)
);

create table authenticator_staff (
  account_id {uuid} not null,
  organization_id {uuid} not null references organization (id),
  primary key (account_id, organization_id)
);

create table step_up (
  account_id {uuid} not null,
  token_hash {bytes} not null,
  at {timestamp} not null,
  primary key (account_id, token_hash)
);

create index step_up_by_age on step_up (at);
