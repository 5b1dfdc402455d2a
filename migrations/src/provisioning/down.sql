drop table provisioning_run;

drop table provisioning_account;

drop table provisioning_target;
