drop index outbox_message_due;

update outbox_message set status = 'dead', key_id = null, sealed = null, error = 'kind unknown to this version'
  where status = 'pending' and kind <> 'mail';

alter table outbox_message drop column kind;

create index outbox_message_due on outbox_message (due_at) where status = 'pending';

drop table dispute;

drop index link_live_unique;

update link set status = 'revoked', ended_at = suspended_at, ended_by = suspended_by, ended_reason = 'safety'
  where status = 'suspended';

create unique index link_live_unique on link (account_id, organization_id, patient_id) where status = 'active';

alter table link drop column suspended_reason;

alter table link drop column suspended_by;

alter table link drop column suspended_at;
