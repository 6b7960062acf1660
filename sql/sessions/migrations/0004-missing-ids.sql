-- run: concurrently
-- Finds the rows without an id; it is dropped when all have one.
create index concurrently if not exists "{name}_missing_id" on {table} (sid) where id is null;
