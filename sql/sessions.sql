-- The session table, by batches. Every statement takes many rows, as an array of sids or as a JSON
-- array of objects, and may be sent twice with the same result. Rows are locked in the order of their sids, so that batches never deadlock. The column
-- "expire" is a timestamp without time zone, and holds UTC: both sides of a comparison say so.

-- name: load_sessions(sids, absolute)
-- The live sessions among these sids, each with its user unless the account is disabled.
select
    s.sid,
    s.sess::text,
    extract(epoch from least(s.created_at, now()))::float8,
    extract(epoch from least(
        s.expire at time zone 'utc',
        s.created_at + make_interval(secs => :absolute)
    ))::float8,
    extract(epoch from now())::float8,
    s.user_id,
    u.email,
    u.role
from session as s
left join users as u on u.id = s.user_id and u.disabled_at is null
where s.sid = any(:sids::text[])
  and s.expire > now() at time zone 'utc'
  and s.created_at > now() - make_interval(secs => :absolute);

-- name: insert_sessions(rows, idle, absolute, cookie)
-- Store sessions whose sids were made just now; the upsert makes a repeat harmless.
with wanted as (
    select
        w.*,
        now() at time zone 'utc' + make_interval(secs => least(:idle, :absolute)) as expire
    from jsonb_to_recordset(:rows::jsonb) as w (
        sid text,
        data jsonb,
        user_id bigint,
        ip inet,
        user_agent text
    )
)
insert into session (sid, sess, expire, created_at, authenticated_at, user_id, ip, user_agent)
select
    w.sid,
    (w.data || jsonb_build_object('cookie', :cookie::jsonb || jsonb_build_object(
        'expires', to_char(w.expire, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    )))::json,
    w.expire,
    now(),
    case when w.user_id is not null then now() end,
    w.user_id,
    w.ip,
    w.user_agent
from wanted as w
order by w.sid
on conflict (sid) do update
set sess = excluded.sess,
    expire = excluded.expire
returning
    sid,
    sid,
    extract(epoch from created_at)::float8,
    extract(epoch from expire)::float8,
    extract(epoch from expire - now() at time zone 'utc')::float8;

-- name: update_sessions(rows, idle, absolute, cookie)
-- Merge changes by key into live sessions, and rotate the sid in place; sql/migrations/0005.
select * from update_sessions(:rows::jsonb, :idle, :absolute, :cookie::jsonb);

-- name: touch_sessions(sids, idle, absolute)
-- Renew the expiry of live sessions, and nothing else.
with locked as materialized (
    select s.sid
    from session as s
    where s.sid = any(:sids::text[])
      and s.expire > now() at time zone 'utc'
    order by s.sid
    for update of s
)
update session as s
set expire = least(
        now() + make_interval(secs => :idle),
        s.created_at + make_interval(secs => :absolute)
    ) at time zone 'utc'
from locked
where s.sid = locked.sid
returning
    s.sid,
    s.sid,
    extract(epoch from s.created_at)::float8,
    extract(epoch from s.expire)::float8,
    extract(epoch from s.expire - now() at time zone 'utc')::float8;

-- name: delete_sessions(sids)
-- Remove sessions; one that is gone already is no error.
with locked as materialized (
    select s.sid
    from session as s
    where s.sid = any(:sids::text[])
    order by s.sid
    for update of s
)
delete from session as s
using locked
where s.sid = locked.sid
returning
    s.sid,
    s.sid,
    extract(epoch from s.created_at)::float8,
    extract(epoch from s.expire)::float8,
    extract(epoch from s.expire - now() at time zone 'utc')::float8;
