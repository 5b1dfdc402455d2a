create table signing_key (
  purpose text not null,
  number integer not null,
  kid text not null,
  public text not null,
  key_id integer not null,
  sealed {bytes} not null,
  signs_from {timestamp} not null,
  ends_at {timestamp},
  primary key (purpose, number)
);

insert into signing_key (purpose, number, kid, public, key_id, sealed, signs_from, ends_at)
select 'event', number, kid, public, key_id, sealed, signs_from, ends_at from event_key;

insert into signing_key (purpose, number, kid, public, key_id, sealed, signs_from, ends_at)
select 'answer', row_number() over (order by created_at, id), 'ank_' || {id_as_hex}, public, key_id, sealed,
  created_at, lead(created_at) over (order by created_at, id) from answer_key;

drop table answer_key;

drop table event_key;
