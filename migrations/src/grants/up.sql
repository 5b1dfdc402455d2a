create table proxy_grant (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  patient_id {uuid} not null,
  fhir_id text not null,
  granted_by text not null,
  relationship text not null,
  basis text not null,
  profile text not null,
  permissions text not null,
  until {timestamp},
  contact_key_id integer,
  contact_sealed {bytes},
  made_at {timestamp} not null,
  status text not null,
  locator text,
  code_key_id integer,
  code_hash {bytes},
  channel text,
  expires_at {timestamp},
  failures integer not null,
  account_id {uuid},
  link_id {uuid},
  accepted_at {timestamp},
  ended_at {timestamp},
  ended_by text,
  ended_reason text,
  due_at {timestamp},
  turns_at {timestamp},
  told boolean not null,
  primary key (organization_id, id)
);

create unique index proxy_grant_by_id on proxy_grant (id);

create unique index proxy_grant_locator_unique on proxy_grant (locator);

create unique index proxy_grant_link_unique on proxy_grant (organization_id, link_id);

create index proxy_grant_by_patient on proxy_grant (organization_id, patient_id, id);

create index proxy_grant_by_account on proxy_grant (account_id, id);

create index proxy_grant_due on proxy_grant (due_at) where status = 'accepted';

create table bar (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  patient_id {uuid} not null,
  account_id {uuid},
  key_id integer not null,
  sealed {bytes} not null,
  until {timestamp},
  recorded_by text not null,
  recorded_at {timestamp} not null,
  lifted_at {timestamp},
  lifted_by text,
  primary key (organization_id, id)
);

create index bar_by_patient on bar (organization_id, patient_id, id);

create table access_request (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  account_id {uuid} not null,
  key_id integer not null,
  sealed {bytes} not null,
  relationship text not null,
  submitted_at {timestamp} not null,
  expires_at {timestamp} not null,
  due_at {timestamp} not null,
  status text not null,
  patient_id {uuid},
  candidates text,
  ended_at {timestamp},
  ended_by text,
  ended_reason text,
  grant_id {uuid},
  primary key (organization_id, id)
);

create index access_request_by_account on access_request (account_id, id);

create index access_request_due on access_request (due_at) where status = 'submitted';

create index access_request_to_patient on access_request (organization_id, patient_id, id) where status = 'pending';

create index access_request_to_staff on access_request (organization_id, id) where status = 'pending';

alter table invitation add column terms text;

alter table patient add column exception_key_id integer;

alter table patient add column exception_sealed {bytes};
