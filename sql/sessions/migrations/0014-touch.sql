-- Renew live sessions. It never waits, since a renewal is optional: locked rows are skipped.
--
-- The plan is the same for any number of sids. Without plan_cache_mode, PostgreSQL would plan each call
-- anew, because it estimates a known array and an unknown one differently: half of the time.
create function nestmap."{prefix}_touch"(
    p_sids varchar[],
    p_idle integer,
    p_absolute integer
)
returns setof nestmap."{prefix}_written"
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
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
        returning (nestmap."{prefix}_written"(locked.sid, s, p_absolute)).*;
end;
$$;
