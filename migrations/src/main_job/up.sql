create table organization (
  id {uuid} primary key,
  slug text not null,
  name text not null,
  fhir_base text not null,
  policy text not null,
  minimum_assurance text not null,
  created_at {timestamp} not null,
  constraint organization_slug_unique unique (slug)
);

create table issuer (
  iss text primary key,
  subject_claim text not null
);

create table trusted_issuer (
  organization_id {uuid} not null references organization (id),
  iss text not null references issuer (iss),
  audiences text not null,
  accounts boolean not null,
  staff text,
  primary key (organization_id, iss)
);

create index trusted_issuer_by_iss on trusted_issuer (iss);

create table account (
  id {uuid} primary key,
  iss text not null,
  sub text not null,
  created_at {timestamp} not null
);

create table patient (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  fhir_id text not null,
  active boolean not null,
  deceased boolean not null,
  usable boolean not null,
  version_id text,
  last_updated {timestamp},
  content_hash {bytes} not null,
  key_id integer not null,
  sealed {bytes} not null,
  updated_at {timestamp} not null,
  primary key (organization_id, id),
  constraint patient_fhir_id_unique unique (organization_id, fhir_id)
);

create table patient_key (
  organization_id {uuid} not null,
  key_hash {bytes} not null,
  patient_id {uuid} not null,
  primary key (organization_id, key_hash, patient_id)
);

create index patient_key_by_patient on patient_key (organization_id, patient_id);

create table invitation (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  patient_id {uuid} not null,
  fhir_id text not null,
  role text not null,
  relationship text,
  channel text not null,
  address text not null,
  locator text not null,
  code_key_id integer not null,
  code_hash {bytes} not null,
  challenge text,
  proof text not null,
  failures integer not null,
  issued_by text not null,
  issued_at {timestamp} not null,
  expires_at {timestamp} not null,
  replaces {uuid},
  status text not null,
  ended_at {timestamp},
  ended_by text,
  ended_reason text,
  link_id {uuid},
  primary key (organization_id, id)
);

create unique index invitation_locator_unique on invitation (locator);

create index invitation_by_patient on invitation (organization_id, patient_id, id);

create table link (
  account_id {uuid} not null,
  id {uuid} not null,
  version integer not null,
  organization_id {uuid} not null references organization (id),
  patient_id {uuid} not null,
  fhir_id text not null,
  role text not null,
  relationship text,
  permissions text not null,
  period_start {timestamp} not null,
  period_end {timestamp},
  ial text not null,
  assurance_level text not null,
  record_usable boolean not null,
  invitation_id {uuid},
  created_at {timestamp} not null,
  updated_at {timestamp} not null,
  status text not null,
  ended_at {timestamp},
  ended_by text,
  ended_reason text,
  primary key (account_id, id)
);

create unique index link_live_unique on link (account_id, organization_id, patient_id) where status = 'active';

create index link_by_id on link (id);

create index link_by_patient on link (organization_id, patient_id);

create table evidence (
  link_id {uuid} not null,
  id {uuid} not null,
  organization_id {uuid} not null,
  fact text not null,
  established_at {timestamp} not null,
  established_by text not null,
  primary key (link_id, id)
);

create table client (
  id {uuid} primary key,
  name text not null,
  keys text,
  disabled_at {timestamp},
  created_at {timestamp} not null
);

create table client_organization (
  client_id {uuid} not null references client (id),
  organization_id {uuid} not null references organization (id),
  primary key (client_id, organization_id)
);

create table api_key (
  id {uuid} primary key,
  client_id {uuid} not null references client (id),
  key_id integer not null,
  hash {bytes} not null,
  created_at {timestamp} not null,
  expires_at {timestamp}
);

create index api_key_by_client on api_key (client_id, id);

create table client_assertion (
  client_id {uuid} not null,
  jti_hash {bytes} not null,
  expires_at {timestamp} not null,
  primary key (client_id, jti_hash)
);

create index client_assertion_by_expiry on client_assertion (expires_at);

create table attempt_counter (
  scope text not null,
  key {bytes} not null,
  since {timestamp} not null,
  failures integer not null,
  primary key (scope, key)
);

create index attempt_counter_by_since on attempt_counter (since);

create table idempotency_answer (
  request {bytes} primary key,
  body_hash {bytes} not null,
  status integer,
  key_id integer,
  sealed {bytes},
  created_at {timestamp} not null
);

create index idempotency_answer_by_age on idempotency_answer (created_at);

create table outbox_message (
  id {uuid} primary key,
  organization_id {uuid} not null,
  key_id integer,
  sealed {bytes},
  status text not null,
  due_at {timestamp} not null,
  expires_at {timestamp},
  attempts integer not null,
  error text,
  settled_at {timestamp}
);

create index outbox_message_due on outbox_message (due_at) where status = 'pending';

create table audit_entry (
  organization_id {uuid} not null,
  seq bigint not null,
  id {uuid} not null,
  at {timestamp} not null,
  actor_type text not null,
  actor_id {uuid},
  action text not null,
  patient_id {uuid},
  account_id {uuid},
  link_id {uuid},
  invitation_id {uuid},
  client_id {uuid},
  detail text not null,
  key_id integer not null,
  hash {bytes} not null,
  primary key (organization_id, seq)
);

create index audit_entry_by_id on audit_entry (organization_id, id);

create index audit_entry_by_patient on audit_entry (organization_id, patient_id, id);

create index audit_entry_by_account on audit_entry (organization_id, account_id, id);

create table audit_end (
  organization_id {uuid} primary key,
  seq bigint not null,
  last {bytes} not null,
  key_id integer not null,
  hash {bytes} not null
);

create table change_head (
  partition integer primary key,
  seq bigint not null
);

create table change_entry (
  partition integer not null,
  seq bigint not null,
  kind text not null,
  subject {uuid} not null,
  at {timestamp} not null,
  primary key (partition, seq)
);

create index change_entry_by_age on change_entry (at);
