create table link_turn (
  organization_id {uuid} not null references organization (id),
  link_id {uuid} not null,
  gave {bytes},
  answered_by {bytes},
  foretold {timestamp},
  due_at {timestamp},
  primary key (organization_id, link_id)
);

insert into link_turn (organization_id, link_id, gave, answered_by, foretold)
  select link.organization_id, link.id, {no_bytes}, {no_bytes}, proxy_grant.turns_at
    from link left join proxy_grant on proxy_grant.organization_id = link.organization_id
      and proxy_grant.link_id = link.id and proxy_grant.status = 'accepted' and proxy_grant.told
    where link.status = 'active';

create index link_turn_due on link_turn (due_at) where due_at is not null;

create index link_turn_answered_by on link_turn (organization_id, answered_by) where answered_by is not null;

drop index proxy_grant_due;

alter table proxy_grant drop column due_at;

alter table proxy_grant drop column turns_at;

alter table proxy_grant drop column told;
