-- The figures of the session table, once a minute; after two days once an hour. Those of the last
-- row are shown where the table is too large to be counted for a request.
create table nestmap."{prefix}_samples" (
    seconds integer not null,           -- how long the row stands for: 60 or 3600
    at timestamptz not null,
    total bigint not null,
    active bigint not null,
    authenticated bigint not null,
    users bigint not null,
    table_bytes bigint not null,
    -- Since the sample before: sessions that began and are still there, that were signed in, that
    -- were ended, that expired.
    created bigint not null,
    signed_in bigint not null,
    ended bigint not null,
    expired bigint not null,
    -- Events since the sample before by their kind, up to and with the seal of this number.
    events jsonb not null,
    seal bigint not null,
    constraint "{prefix}_samples_pkey" primary key (seconds, at)
);

-- Take a sample, unless another instance is taking one or the last is younger than p_least seconds.
-- Return true if one was taken. It reads the whole table, in one process, so that the requests of
-- visitors keep the other processors.
create function nestmap."{prefix}_sample"(p_absolute integer, p_least float8) returns boolean
language plpgsql
set max_parallel_workers_per_gather = 0
set work_mem = '64MB'
as $$
declare
    v_last nestmap."{prefix}_samples";
    v_since timestamptz;
    v_seal bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('sample {prefix}', 0)) then
        return false;
    end if;
    -- A separate statement: it sees what the previous holder committed before it released the lock.
    select s.*
    into v_last
    from nestmap."{prefix}_samples" as s
    where s.seconds = 60
    order by s.at desc
    limit 1;
    if v_last.at > now() - make_interval(secs => p_least) then
        return false;
    end if;
    -- After a pause the sample covers the last two minutes only.
    v_since := greatest(v_last.at, now() - interval '2 minutes');
    select coalesce(max(e.number), 0)
    into v_seal
    from nestmap.event_seals as e;
    insert into nestmap."{prefix}_samples" (
        seconds, at, total, active, authenticated, users, table_bytes,
        created, signed_in, ended, expired, events, seal
    )
    with sessions as (
        select
            s.user_id,
            s.created_at > v_since and s.created_at <= now() as is_new,
            s.authenticated_at > v_since and s.authenticated_at <= now() as is_signed_in,
            nestmap."{prefix}_is_live"(s, p_absolute) as is_live,
            least(
                s.expire at time zone 'utc', nestmap."{prefix}_absolute_end"(s, p_absolute)
            ) > v_since as was_live
        from {table} as s
    ),
    of_users as (
        select
            s.user_id,
            count(*) as total,
            count(*) filter (where s.is_live) as active,
            count(*) filter (where s.is_new) as created,
            count(*) filter (where s.is_signed_in) as signed_in,
            count(*) filter (where s.was_live and not s.is_live) as expired
        from sessions as s
        group by s.user_id
    )
    select
        60,
        now(),
        coalesce(sum(u.total), 0),
        coalesce(sum(u.active), 0),
        coalesce(sum(u.active) filter (where u.user_id is not null), 0),
        count(u.user_id) filter (where u.active > 0),
        pg_total_relation_size('{table}'),
        coalesce(sum(u.created), 0),
        coalesce(sum(u.signed_in), 0),
        (
            select count(*)
            from nestmap."{prefix}_endings" as e
            where e.ended_at > v_since
              and e.ended_at <= now()
              and e.reason <> 'rotated'
        ),
        coalesce(sum(u.expired), 0),
        (
            select coalesce(jsonb_object_agg(k.kind, k.number), '{}')
            from (
                select
                    e.kind,
                    count(*) as number
                from nestmap.event_seals as l
                join nestmap.events as e on e.id = l.event_id
                where l.number > v_last.seal
                  and l.number <= v_seal
                  and (e.at > v_since or v_since = v_last.at)
                group by e.kind
            ) as k
        ),
        v_seal
    from of_users as u;
    return true;
end;
$$;
