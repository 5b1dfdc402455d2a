create table event_stream (
  client_id {uuid} not null references client (id),
  id {uuid} not null,
  kind text not null,
  url text,
  key_id integer,
  sealed {bytes},
  events text not null,
  description text,
  status text not null,
  reason text,
  created_at {timestamp} not null,
  updated_at {timestamp} not null,
  verified_at {timestamp},
  failing_since {timestamp},
  last_error text,
  failures integer not null default 0,
  retry_at {timestamp},
  primary key (client_id, id)
);

create table event_stream_muted (
  account_id {uuid} not null,
  stream_id {uuid} not null,
  client_id {uuid} not null,
  primary key (account_id, stream_id)
);

create index event_stream_muted_by_stream on event_stream_muted (stream_id);

create table event_delivery (
  subject_id {uuid} not null,
  id {uuid} not null,
  client_id {uuid} not null,
  stream_id {uuid} not null,
  organization_id {uuid},
  event text not null,
  detail text,
  cause_id {uuid} not null,
  happened_at {timestamp} not null,
  seq bigint not null,
  place integer not null,
  status text not null,
  due_at {timestamp} not null,
  attempts integer not null,
  error text,
  settled_at {timestamp},
  primary key (subject_id, id)
);

create index event_delivery_due on event_delivery (stream_id, due_at) where status = 'pending';

create index event_delivery_order on event_delivery (stream_id, subject_id, seq, place) where status = 'pending';

create index event_delivery_dead on event_delivery (client_id, id) where status = 'dead';

create index event_delivery_settled on event_delivery (settled_at) where status <> 'pending';

create table event_key (
  number integer not null primary key,
  kid text not null,
  public text not null,
  key_id integer not null,
  sealed {bytes} not null,
  signs_from {timestamp} not null,
  ends_at {timestamp}
);
