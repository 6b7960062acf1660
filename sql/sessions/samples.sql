-- The figures of the session table: counted now, or from samples that are taken once a minute.

-- name: estimate_rows()
-- Estimate the number of rows: the density at the last vacuum times the current size, or PostgreSQL's
-- counters, whichever is higher. Either may be missing or outdated.
select
    greatest(
        c.reltuples / nullif(c.relpages, 0)
            * (pg_relation_size(c.oid) / current_setting('block_size')::integer),
        pg_stat_get_live_tuples(c.oid)
    )::bigint as estimate
from pg_class as c
where c.oid = to_regclass('{table}');

-- name: count_sessions(absolute)
-- Count the sessions exactly, and return the size of the table with its indexes. Counting by user first is
-- several times as fast as count(distinct).
select
    coalesce(sum(u.total), 0)::bigint as total,
    coalesce(sum(u.active), 0)::bigint as active,
    coalesce(sum(u.active) filter (where u.user_id is not null), 0)::bigint as authenticated,
    count(u.user_id) filter (where u.active > 0) as users,
    pg_total_relation_size('{table}') as table_bytes,
    extract(epoch from now())::float8 as at
from (
    select
        s.user_id,
        count(*) as total,
        count(*) filter (where nestmap."{prefix}_is_live"(s, :absolute)) as active
    from {table} as s
    group by s.user_id
) as u;

-- name: last_sample()
-- Return the figures of the newest sample.
select
    s.total,
    s.active,
    s.authenticated,
    s.users,
    s.table_bytes,
    extract(epoch from s.at)::float8 as at
from nestmap."{prefix}_samples" as s
where s.seconds = 60
order by s.at desc
limit 1;

-- name: take_sample(absolute, least)
-- Take a sample, unless the last one is younger than :least seconds.
select nestmap."{prefix}_sample"(:absolute, :least);

-- name: keep_hours()
-- Combine the samples of each hour after two days, and delete hours after 400 days.
with minutes as (
    delete from nestmap."{prefix}_samples" as s
    where s.seconds = 60
      and s.at < date_trunc('hour', now() - interval '2 days', 'UTC')
    returning s.*
),
old as (
    delete from nestmap."{prefix}_samples" as s
    where s.seconds = 3600
      and s.at < now() - interval '400 days'
)
insert into nestmap."{prefix}_samples" (
    seconds, at, total, active, authenticated, users, table_bytes,
    created, signed_in, ended, expired, events, seal
)
select
    3600,
    date_trunc('hour', m.at, 'UTC') as hour,
    avg(m.total),
    avg(m.active),
    avg(m.authenticated),
    avg(m.users),
    max(m.table_bytes),
    sum(m.created),
    sum(m.signed_in),
    sum(m.ended),
    sum(m.expired),
    (
        select coalesce(jsonb_object_agg(k.kind, k.number), jsonb_build_object())
        from (
            select
                e.key as kind,
                sum(e.value::bigint) as number
            from unnest(array_agg(m.events)) as of_minute (events)
            cross join lateral jsonb_each_text(of_minute.events) as e
            group by e.key
        ) as k
    ),
    max(m.seal)
from minutes as m
group by date_trunc('hour', m.at, 'UTC')
on conflict (seconds, at) do nothing;

-- name: find_history(seconds, step)
-- List the samples of the last :seconds, combined in steps of :step seconds, oldest first.
select
    extract(epoch from b.at)::float8 as at,
    avg(s.total)::bigint as total,
    avg(s.active)::bigint as active,
    avg(s.authenticated)::bigint as authenticated,
    avg(s.users)::bigint as users,
    sum(s.created)::bigint as created,
    sum(s.signed_in)::bigint as signed_in,
    sum(s.ended)::bigint as ended,
    sum(s.expired)::bigint as expired,
    max(s.table_bytes) as table_bytes,
    array_agg(s.events)::text[] as events
from nestmap."{prefix}_samples" as s
cross join lateral (
    select date_bin(make_interval(secs => :step), s.at, timestamptz '2000-01-01 00:00:00+00') as at
) as b
where s.at > now() - make_interval(secs => :seconds)
  and s.seconds in (60, 3600)
group by b.at
order by b.at;
