-- Statements for batches of sessions. Each takes many rows, as arrays or as a JSON array of objects,
-- and may be sent twice with the same result. Writes are functions in migrations/. The program
-- replaces {table}, {prefix}, {user_row} and {user_join}.

-- name: load_sessions(sids, idle, absolute, touch)
-- Load the live sessions among these sids, each with the row of the site's user_query.
select
    s.sid,
    s.id,
    s.sess::text as document,
    extract(epoch from least(s.created_at, now()))::float8 as created_at,
    extract(epoch from s.authenticated_at)::float8 as authenticated_at,
    extract(epoch from least(
        s.expire at time zone 'utc',
        nestmap."{prefix}_absolute_end"(s, :absolute)
    ))::float8 as expires_at,
    extract(epoch from nestmap."{prefix}_absolute_end"(s, :absolute))::float8 as absolute_expires_at,
    nestmap."{prefix}_is_due"(s, :idle, :touch) as is_due,
    extract(epoch from clock_timestamp())::float8 as clock,
    s.user_id,
    s.user_version,
    {user_row} as user_row
from {table} as s
{user_join}
where s.sid = any(:sids::varchar[])
  and nestmap."{prefix}_is_live"(s, :absolute);

-- name: find_endings(sids, absolute)
-- Return why and when the sessions with these sids ended, if known.
select
    asked.sid,
    coalesce(e.reason, 'expired') as reason,
    extract(epoch from coalesce(
        e.ended_at,
        least(s.expire at time zone 'utc', nestmap."{prefix}_absolute_end"(s, :absolute))
    ))::float8 as ended_at
from unnest(:sids::varchar[]) as asked (sid)
left join nestmap."{prefix}_endings" as e on e.sid_hash = sha256(convert_to(asked.sid, 'UTF8'))
left join {table} as s on s.sid = asked.sid and not nestmap."{prefix}_is_live"(s, :absolute)
where e.sid_hash is not null
   or s.sid is not null;

-- name: insert_sessions(rows, idle, absolute, cookie, hook)
-- Store new sessions.
select * from nestmap."{prefix}_insert"(:rows::jsonb, :idle, :absolute, :cookie::jsonb, :hook);

-- name: update_sessions(rows, idle, absolute, touch, cookie, passed)
-- Merge changes by key into live sessions. Of two rows for a session, the first counts.
select * from nestmap."{prefix}_update"(
    :rows::jsonb, :idle, :absolute, :touch, :cookie::jsonb, :passed::uuid
);

-- name: copy_sessions(rows, idle, absolute, cookie)
-- Store copies of live sessions under new sids, with the changes: the first step of a rotation.
select * from nestmap."{prefix}_copy"(:rows::jsonb, :idle, :absolute, :cookie::jsonb);

-- name: rotate_sessions(rows, idle, absolute, cookie, hook, passed)
-- Replace the copies with the live sessions, under the new sids: the second step of a rotation.
select * from nestmap."{prefix}_rotate"(
    :rows::jsonb, :idle, :absolute, :cookie::jsonb, :hook, :passed::uuid
);

-- name: settle_rotations(rows)
-- End old sids that still exist, after the copies have become the sessions.
select nestmap."{prefix}_settle"(:rows::jsonb);

-- name: discard_sessions(sids)
-- Delete sessions whose sids were never sent to a client.
delete from {table} as s
where s.sid in (select unnest(:sids::varchar[]));

-- name: touch_sessions(sids, idle, absolute)
-- Renew live sessions.
select * from nestmap."{prefix}_touch"(:sids::varchar[], :idle, :absolute);

-- name: end_sessions_at_once(ids, reasons, sources)
-- End sessions, each with a reason and its source, without a deadline.
select id, user_id from nestmap."{prefix}_end"(
    :ids::text[], :reasons::text[], :sources::jsonb[]
);

-- name: end_sessions(ids, reasons, sources, untils)
-- End sessions before their deadlines; return the ids of those that were too late.
select id from nestmap."{prefix}_end_in_time"(
    :ids::text[], :reasons::text[], :sources::jsonb[], :untils::float8[]
);

-- name: find_clock()
-- Return the time of the database.
select extract(epoch from clock_timestamp())::float8;
