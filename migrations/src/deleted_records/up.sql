alter table patient add column deleted boolean not null default false
