create table ending (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  patient_id {uuid},
  account_id {uuid},
  keep_self boolean not null,
  reason text not null,
  ended_by text not null,
  ended_at {timestamp} not null,
  undo_until {timestamp} not null,
  undone_at {timestamp},
  undone_by text,
  primary key (organization_id, id)
);

create table ending_item (
  organization_id {uuid} not null,
  ending_id {uuid} not null,
  kind text not null,
  subject_id {uuid} not null,
  before text,
  primary key (organization_id, ending_id, kind, subject_id)
);

create index claim_confirming on claim (organization_id, patient_id) where status = 'confirming';

create index claim_candidate_first on claim_candidate (organization_id, patient_id) where place = 0;

create table link_history (
  account_id {uuid} not null,
  link_id {uuid} not null,
  version integer not null,
  at {timestamp} not null,
  contents text not null,
  facts_key_id integer,
  facts_sealed {bytes},
  primary key (account_id, link_id, version)
);

create table organization_policy (
  organization_id {uuid} not null references organization (id),
  since {timestamp} not null,
  policy text not null,
  primary key (organization_id, since)
);

insert into organization_policy (organization_id, since, policy) select id, created_at, policy from organization;

create table record_replacement (
  organization_id {uuid} not null,
  patient_id {uuid} not null,
  replaced_by text not null,
  primary key (organization_id, patient_id)
);

create index record_replacement_by_other on record_replacement (organization_id, replaced_by);

create table displaced_link (
  organization_id {uuid} not null,
  link_id {uuid} not null,
  account_id {uuid} not null,
  home_id {uuid} not null,
  absorbed_by {uuid},
  before text,
  primary key (organization_id, link_id)
);

create index displaced_link_by_account on displaced_link (organization_id, account_id);

create index displaced_link_by_home on displaced_link (organization_id, home_id);

create index link_proxies_by_account on link (organization_id, account_id) where role = 'proxy' and status = 'active';

create index link_proxies_by_patient on link (organization_id, patient_id) where role = 'proxy' and status = 'active';

create index audit_entry_by_staff on audit_entry (organization_id, actor_id) where actor_type = 'staff'
