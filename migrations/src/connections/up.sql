create table connection (
  id {uuid} primary key,
  client_id {uuid} not null references client (id),
  organization_id {uuid} not null references organization (id),
  settings text not null,
  created_at {timestamp} not null
);

create index connection_by_client on connection (client_id, id);

create table picker (
  account_id {uuid} not null,
  id {uuid} not null,
  client_id {uuid} not null,
  connection_id {uuid} not null,
  organization_id {uuid} not null,
  key_id integer not null,
  sealed {bytes} not null,
  expires_at {timestamp} not null,
  browser_key_id integer,
  browser_hash {bytes},
  answered_at {timestamp},
  primary key (account_id, id)
);

create index picker_by_expiry on picker (expires_at);

create table answer_key (
  id {uuid} primary key,
  key_id integer not null,
  sealed {bytes} not null,
  public text not null,
  created_at {timestamp} not null
);
