alter table patient drop column exception_sealed;

alter table patient drop column exception_key_id;

update invitation set status = 'revoked', ended_at = issued_at, ended_by = issued_by, ended_reason = 'not_needed'
  where role = 'proxy' and status = 'issued';

alter table invitation drop column terms;

drop table access_request;

drop table bar;

drop table proxy_grant;
