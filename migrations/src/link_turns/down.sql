alter table proxy_grant add column due_at {timestamp};

alter table proxy_grant add column turns_at {timestamp};

alter table proxy_grant add column told boolean not null default false;

update proxy_grant set due_at = made_at,
  turns_at = (select foretold from link_turn
    where link_turn.organization_id = proxy_grant.organization_id and link_turn.link_id = proxy_grant.link_id),
  told = exists (select 1 from link_turn where link_turn.organization_id = proxy_grant.organization_id
    and link_turn.link_id = proxy_grant.link_id and foretold is not null)
  where status = 'accepted';

create index proxy_grant_due on proxy_grant (due_at) where status = 'accepted';

drop table link_turn;
