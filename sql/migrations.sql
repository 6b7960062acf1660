-- name: try_migration_lock()
-- Try to become the only transaction that applies migrations. It never waits: a waiting statement
-- holds a snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots.
select pg_try_advisory_xact_lock(7305804396);

-- name: find_bookkeeping()
-- Find out if the schema and its table of applied migrations exist.
select
    to_regnamespace('nestmap') is not null as has_schema,
    to_regclass('nestmap.migrations') is not null as has_table;

-- name: create_schema()!
-- Create the schema of all our tables except the session table.
create schema nestmap;

-- name: create_bookkeeping()!
-- Create the table of applied migrations. The checksum is that of the file with its placeholders.
create table nestmap.migrations (
    folder text not null,
    number integer not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    constraint migrations_pkey primary key (folder, number)
);

-- name: applied_migrations(folders)
-- Return the checksum of each applied migration of these folders.
select folder, number, checksum
from nestmap.migrations
where folder = any(:folders::text[]);

-- name: record_migration(folder, number, name, checksum)!
-- Record an applied migration.
insert into nestmap.migrations (folder, number, name, checksum)
values (:folder, :number, :name, :checksum);

-- name: find_table(name)
-- Find a table by its name; null if it does not exist.
select to_regclass(:name)::text;

-- name: lock_holders(name)
-- List the processes that hold a lock on the table, the oldest transaction first.
select
    a.pid,
    a.application_name,
    to_char(a.xact_start at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') as since
from pg_locks as l
join pg_stat_activity as a using (pid)
where l.relation = to_regclass(:name)
and l.database = (select oid from pg_database where datname = current_database())
and l.granted
and a.pid <> pg_backend_pid()
order by a.xact_start
limit 3;

-- name: find_index(table_name, index_name)
-- Find an index of the table. An invalid one is being built, or was left unfinished.
select
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name,
    i.indisvalid as is_valid,
    exists (
        select
        from pg_stat_progress_create_index as p
        where p.index_relid = i.indexrelid
    ) as is_being_built
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
join pg_namespace as n on n.oid = c.relnamespace
where i.indrelid = to_regclass(:table_name)
and c.relname = (parse_ident(:index_name))[1];

-- name: index_phase(table_name)
-- Return the progress of the build of an index on the table.
select phase
from pg_stat_progress_create_index
where relid = to_regclass(:table_name)
and datname = current_database();

-- name: session_timeouts()
-- Return the limits that the role or the server sets for statements.
select
    current_setting('statement_timeout') <> '0'
    or current_setting('lock_timeout') <> '0' as are_set;
