-- run: concurrently
-- connect-pg-simple makes the same index with this name.
create index concurrently if not exists "IDX_{name}_expire" on {table} ("expire");
