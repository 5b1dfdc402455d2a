create table patient_source (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  name text not null,
  fhir_base text not null,
  key_id integer not null,
  sealed {bytes} not null,
  token_key_id integer not null,
  token_hash {bytes} not null,
  every_seconds integer not null,
  overlap_seconds integer not null,
  deletions boolean not null,
  since {timestamp},
  due_at {timestamp} not null,
  notified_at {timestamp},
  lease_id {uuid},
  lease_began {timestamp},
  leased_until {timestamp},
  failures integer not null,
  last_run text,
  created_at {timestamp} not null,
  primary key (organization_id, id)
);

create unique index patient_source_name_unique on patient_source (organization_id, name);

create index patient_source_due on patient_source (due_at);
