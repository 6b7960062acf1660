-- run: concurrently
-- A renewal changes expire, so the row gets new entries in all indexes. Any other change of a session
-- should be a HOT update, so no index may contain the columns that it writes: sess, user_agent. The
-- address of a client changes rarely.
create unique index concurrently if not exists "{name}_id_key" on {table} (id);

-- The sessions of one user, and of all users, by the time of the sign-in.
create index concurrently if not exists "{name}_user_id"
on {table} (user_id, (coalesce(authenticated_at, created_at)), id)
where user_id is not null;

create index concurrently if not exists "{name}_signed_in"
on {table} ((coalesce(authenticated_at, created_at)), id)
where user_id is not null;

-- The sessions of one address or network.
create index concurrently if not exists "{name}_ip" on {table} (ip, created_at, id)
where ip is not null;

drop index concurrently if exists {schema}."{name}_missing_id";
