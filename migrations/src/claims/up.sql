create table claim (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  account_id {uuid} not null,
  key_id integer not null,
  sealed {bytes} not null,
  submitted_by text not null,
  submitted_at {timestamp} not null,
  expires_at {timestamp} not null,
  due_at {timestamp} not null,
  failures integer not null,
  code_key_id integer not null,
  code_hash {bytes} not null,
  band text,
  status text not null,
  patient_id {uuid},
  code_channel text,
  code_contact integer,
  code_sent_at {timestamp},
  code_expires_at {timestamp},
  review_id {uuid},
  ended_at {timestamp},
  ended_by text,
  ended_reason text,
  link_id {uuid},
  primary key (organization_id, id)
);

create index claim_by_account on claim (account_id, id);

create index claim_due on claim (due_at) where status = 'submitted';

create table claim_candidate (
  organization_id {uuid} not null,
  claim_id {uuid} not null,
  place integer not null,
  patient_id {uuid} not null,
  key_id integer not null,
  sealed {bytes} not null,
  primary key (organization_id, claim_id, place)
);

create table review (
  organization_id {uuid} not null references organization (id),
  id {uuid} not null,
  kind text not null,
  claim_id {uuid},
  link_id {uuid},
  patient_id {uuid},
  reasons text not null,
  opened_at {timestamp} not null,
  asks text not null,
  status text not null,
  approvals text not null,
  decided_at {timestamp},
  decided_by text,
  decided_reason text,
  primary key (organization_id, id)
);

create index review_undecided on review (organization_id, id) where status in ('open', 'seconding');

create index review_disputed on review (organization_id, patient_id) where kind = 'dispute';

alter table patient add column contacts_hash {bytes};

alter table patient add column contacts_changed_at {timestamp};
