drop table patient_key;

create table patient_key (
  organization_id {uuid} not null,
  key_hash {bytes} not null,
  patient_id {uuid} not null,
  primary key (organization_id, key_hash, patient_id)
);

create index patient_key_by_patient on patient_key (organization_id, patient_id);

drop index patient_not_indexed;

alter table patient drop column indexed;

alter table patient drop column index_keys;

-- The version before takes no record for unchanged now, and writes its identifiers again when it is imported.
update patient set content_hash = {no_bytes};
