-- End sessions, each for a reason, and remember why. A session is found by its id, which a rotation
-- does not change: one that changes its sid at this moment is ended too.
create function nestmap."{prefix}_end"(p_ids text[], p_reasons text[])
returns table (id text, user_id text)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    return query
        with asked as materialized (
            select *
            from unnest(p_ids, p_reasons) as a (id, reason)
        ),
        locked as materialized (
            select s.id
            from {table} as s
            where s.id = any(p_ids)
            order by s.sid collate "C"
            for update of s
        ),
        gone as (
            delete from {table} as s
            using locked
            where s.id = locked.id
            returning
                s.sid,
                s.id,
                s.user_id
        ),
        told as (
            insert into nestmap."{prefix}_endings" (sid_hash, reason)
            select
                sha256(convert_to(gone.sid, 'UTF8')),
                asked.reason
            from gone
            join asked on asked.id = gone.id
            on conflict (sid_hash) do nothing
        )
        select
            gone.id,
            gone.user_id
        from gone;
end;
$$;
