-- A record's entries in patient_key, so that an update takes back exactly what was written: 8 bytes each, sorted.
-- They stand beside the record instead of in a second index, which would be as large as the first.
alter table patient add column index_keys {bytes};

-- Keys are keyed hashes, so this file cannot make them: `kinlink index rebuild` does. A later migration that
-- gives keys another meaning sets this to false.
alter table patient add column indexed boolean not null default false;

create index patient_not_indexed on patient (organization_id, id) where not indexed;

drop table patient_key;

create table patient_key (
  organization_id {uuid} not null,
  key_hash bigint not null,
  patient_id {uuid} not null,
  primary key (organization_id, key_hash, patient_id)
) {clustered};
