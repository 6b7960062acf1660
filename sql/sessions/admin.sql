-- name: list_sessions(user_id, most, absolute)
-- The live sessions of one user, or without one the newest of all users, the last seen first.
select
    s.id,
    s.user_id,
    extract(epoch from least(s.created_at, now()))::float8 as created_at,
    extract(epoch from s.authenticated_at)::float8 as signed_in_at,
    extract(epoch from coalesce(s.renewed_at, s.created_at))::float8 as last_seen_at,
    extract(epoch from least(
        s.expire at time zone 'utc',
        nestmap."{prefix}_absolute_end"(s, :absolute)
    ))::float8 as expires_at,
    s.idle,
    host(s.ip) as ip,
    s.user_agent
from {table} as s
where s.user_id is not null
  and (:user_id::text is null or s.user_id = :user_id)
  and nestmap."{prefix}_is_live"(s, :absolute)
order by s.authenticated_at desc, s.id
limit :most;

-- name: authenticated_within(id, seconds)
-- If the user of a session proved who they are in the last :seconds.
select s.authenticated_at > now() - make_interval(secs => :seconds)
from {table} as s
where s.id = :id;

-- name: session_ids(user_id, ids, keep)
-- The ids of the sessions of this user (or of those named), but for the one to keep.
select s.id
from {table} as s
where (:user_id::text is null or s.user_id = :user_id)
  and (:ids::text[] is null or s.id = any(:ids))
  and (:keep::text is null or s.id <> :keep);

-- name: some_session_ids(after, most)
-- Ids of sessions in their order, from one on.
select s.id
from {table} as s
where s.id > :after
order by s.id
limit :most;

-- name: session_stats(absolute)
-- Exact counts of one moment, the size of the table with its indexes, and the moment itself.
select
    count(*) as total,
    count(*) filter (where live.is_live) as active,
    count(s.user_id) filter (where live.is_live) as authenticated,
    count(distinct s.user_id) filter (where live.is_live) as users,
    pg_total_relation_size('{table}') as table_bytes,
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as generated_at
from {table} as s
cross join lateral (
    select nestmap."{prefix}_is_live"(s, :absolute) as is_live
) as live;
