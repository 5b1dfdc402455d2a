create table provisioning_run_new (
  organization_id {uuid} not null,
  target_id {uuid} not null,
  kind text not null,
  phase text not null,
  cause text not null,
  requested_at {timestamp} not null,
  leased_until {timestamp},
  after_account {uuid},
  sweep text,
  total bigint not null,
  counts text not null,
  failures integer not null,
  last text,
  primary key (organization_id, target_id, kind)
);

insert into provisioning_run_new (organization_id, target_id, kind, phase, cause, requested_at, leased_until,
  after_account, total, counts, failures, last)
  select organization_id, target_id, 'reconcile', phase, cause, requested_at, leased_until,
    after_account, total, counts, failures, last
  from provisioning_run;

insert into provisioning_run_new (organization_id, target_id, kind, phase, cause, requested_at, total, counts, failures)
  select organization_id, target_id, 'preview', 'idle', 'asked', requested_at, 0, '{}', 0
  from provisioning_run;

drop table provisioning_run;

alter table provisioning_run_new rename to provisioning_run;

create table provisioning_finding (
  organization_id {uuid} not null,
  target_id {uuid} not null,
  kind text not null,
  account_id {uuid} not null,
  verdict text not null,
  primary key (organization_id, target_id, kind, account_id)
);
