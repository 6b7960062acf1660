-- Renew live sessions. It never waits, since a renewal is optional: locked rows are skipped.
create function nestmap."{prefix}_touch"(
    p_sids varchar[],
    p_idle integer,
    p_absolute integer
)
returns table (
    asked varchar,
    sid varchar,
    id text,
    created_at float8,
    authenticated_at float8,
    expires_at float8,
    max_age float8,
    taken text[]
)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    return query
        with locked as materialized (
            select s.sid
            from {table} as s
            where s.sid = any(p_sids)
              and nestmap."{prefix}_is_live"(s, p_absolute)
            for update of s skip locked
        )
        update {table} as s
        set expire = nestmap."{prefix}_renewed"(s, p_idle, p_absolute),
            renewed_at = now()
        from locked
        where s.sid = locked.sid
        returning
            s.sid::varchar,
            s.sid::varchar,
            s.id,
            extract(epoch from s.created_at)::float8,
            extract(epoch from s.authenticated_at)::float8,
            extract(epoch from s.expire)::float8,
            extract(epoch from s.expire - now() at time zone 'utc')::float8,
            '{}'::text[];
end;
$$;
