-- End sessions, each with a reason, which is stored. A session is found by its id, which a rotation
-- does not change: one that changes its sid at this moment is ended too. A source (an object with
-- actor_id, ip, user_agent, details) leaves an event for each session that had a user; null leaves
-- none. Without actor_id and details it was the user.
create function nestmap."{prefix}_end"(p_ids text[], p_reasons text[], p_sources jsonb[])
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
            from unnest(p_ids, p_reasons, p_sources) as a (id, reason, source)
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
        ),
        noted as (
            insert into nestmap.events (
                kind, user_id, actor_id, session_id, ip, user_agent, details
            )
            select
                case when asked.reason = 'signed out' then 'signed_out' else 'session_ended' end,
                gone.user_id,
                coalesce(
                    asked.source ->> 'actor_id',
                    case when asked.source -> 'details' is null then gone.user_id end
                ),
                gone.id,
                (asked.source ->> 'ip')::inet,
                asked.source ->> 'user_agent',
                coalesce(asked.source -> 'details', '{}') || case
                    when asked.reason = 'signed out' then '{}'
                    else jsonb_build_object('why', asked.reason)
                end
            from gone
            join asked on asked.id = gone.id
            where asked.source is not null
              and gone.user_id is not null
        )
        select
            gone.id,
            gone.user_id
        from gone;
end;
$$;

-- End sessions, all with the same reason and source. Without ids, or with null, none.
create function nestmap."{prefix}_end_each"(p_ids text[], p_reason text, p_source jsonb)
returns void
language plpgsql
as $$
declare
    v_number constant integer := cardinality(p_ids);
begin
    if v_number > 0 then
        perform nestmap."{prefix}_end"(
            p_ids,
            array_fill(p_reason, array[v_number]),
            array_fill(p_source, array[v_number])
        );
    end if;
end;
$$;

-- End sessions as nestmap."{prefix}_end" does, but only if their deadline has not passed when they are
-- locked: a late end must not delete data that was stored since. Returns the ids of the sessions for
-- which it was too late.
create function nestmap."{prefix}_end_in_time"(
    p_ids text[],
    p_reasons text[],
    p_sources jsonb[],
    p_untils float8[]
)
returns table (id text)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    v_locked text[];
    v_now float8;
begin
    v_locked := array(
        select locked.id
        from (
            select s.id
            from {table} as s
            where s.id = any(p_ids)
            order by s.sid collate "C"
            for update of s
        ) as locked
    );
    v_now := extract(epoch from clock_timestamp());
    perform nestmap."{prefix}_end"(
        array_agg(asked.id), array_agg(asked.reason), array_agg(asked.source)
    )
    from unnest(p_ids, p_reasons, p_sources, p_untils) as asked (id, reason, source, until)
    where asked.until > v_now
    having count(*) > 0;
    return query
        select asked.id
        from unnest(p_ids, p_untils) as asked (id, until)
        where asked.until <= v_now
          and asked.id = any(v_locked);
end;
$$;
