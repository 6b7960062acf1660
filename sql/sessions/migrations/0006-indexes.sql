-- run: concurrently
create unique index concurrently if not exists "{name}_id_key" on {table} (id);

create index concurrently if not exists "{name}_user_id" on {table} (user_id)
where user_id is not null;

drop index concurrently if exists {schema}."{name}_missing_id";
