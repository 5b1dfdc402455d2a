drop table event_key;

drop table event_delivery;

drop table event_stream_muted;

drop table event_stream;
