drop table answer_key;

drop table picker;

drop table connection;
