alter table link add column basis text;

alter table link add column facts_key_id integer;

alter table link add column facts_sealed {bytes};

alter table invitation add column basis text;

alter table organization add column access_rules text;

alter table patient add column deceased_seen_at {timestamp};
