drop table provisioning_finding;

create table provisioning_run_new (
  organization_id {uuid} not null,
  target_id {uuid} not null,
  phase text not null,
  cause text not null,
  requested_at {timestamp} not null,
  leased_until {timestamp},
  after_account {uuid},
  total bigint not null,
  counts text not null,
  failures integer not null,
  last text,
  primary key (organization_id, target_id)
);

insert into provisioning_run_new (organization_id, target_id, phase, cause, requested_at, leased_until,
  after_account, total, counts, failures, last)
  select organization_id, target_id, phase, cause, requested_at, leased_until,
    after_account, total, counts, failures, last
  from provisioning_run where kind = 'reconcile';

drop table provisioning_run;

alter table provisioning_run_new rename to provisioning_run;
