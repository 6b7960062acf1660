-- name: lock_schema()
-- Wait until no other starter applies migrations; the lock ends with the transaction. The number
-- is "schema" to advisory locks.
select pg_advisory_xact_lock(7305804396);

-- name: create_schema_migrations()!
-- What has been applied; the program's own table.
create table if not exists schema_migrations (
    number integer constraint schema_migrations_pkey primary key,
    name text not null,
    applied_at timestamptz not null default now()
);

-- name: find_schema_migrations()
-- Null when no migration was ever applied.
select to_regclass('schema_migrations');

-- name: applied_migrations()
-- The numbers of the migrations that were applied.
select number from schema_migrations;

-- name: latest_migration()
-- The highest number that was applied, 0 for none.
select coalesce(max(number), 0) from schema_migrations;

-- name: record_migration(number, name)!
-- Remember that a migration was applied, in its own transaction.
insert into schema_migrations (number, name) values (:number, :name);
