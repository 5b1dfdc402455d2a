create table answer_key (
  id {uuid} primary key,
  key_id integer not null,
  sealed {bytes} not null,
  public text not null,
  created_at {timestamp} not null
);

create table event_key (
  number integer not null primary key,
  kid text not null,
  public text not null,
  key_id integer not null,
  sealed {bytes} not null,
  signs_from {timestamp} not null,
  ends_at {timestamp}
);

insert into event_key (number, kid, public, key_id, sealed, signs_from, ends_at)
select number, kid, public, key_id, sealed, signs_from, ends_at from signing_key where purpose = 'event';

insert into answer_key (id, key_id, sealed, public, created_at)
select {id_from_hex}, key_id, sealed, public, signs_from from signing_key
where purpose = 'answer' and length(kid) = 36 and ends_at is null;

drop table signing_key;
