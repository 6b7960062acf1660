-- run: concurrently
-- connect-pg-simple makes this index as well, under this name.
create index concurrently if not exists "IDX_{name}_expire" on {table} ("expire");
