-- name: session_stats(absolute)
-- Exact counts of one moment, the size of the table with its indexes, and the moment itself.
select
    count(*),
    count(*) filter (where alive.yes),
    count(u.id) filter (where alive.yes),
    count(distinct u.id) filter (where alive.yes),
    pg_total_relation_size('session'),
    to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from session as s
left join users as u on u.id = s.user_id and u.disabled_at is null
cross join lateral (
    select
        s.expire > now() at time zone 'utc'
        and s.created_at > now() - make_interval(secs => :absolute) as yes
) as alive;

-- name: list_sessions(user_id, most, absolute)
-- The newest live sessions of signed-in users, or of the one user that is named.
select
    public_session_id(s.sid),
    u.email,
    u.role,
    least(s.created_at, now()) at time zone 'utc',
    least(
        s.expire,
        least(s.created_at, now()) at time zone 'utc' + make_interval(secs => :absolute)
    ),
    host(s.ip),
    s.user_agent
from session as s
join users as u on u.id = s.user_id and u.disabled_at is null
where (:user_id::bigint is null or s.user_id = :user_id)
  and s.expire > now() at time zone 'utc'
  and s.created_at > now() - make_interval(secs => :absolute)
order by s.created_at desc, s.sid
limit :most;

-- name: end_user_session(user_id, public_id)!
-- End one session of one user.
delete from session
where user_id = :user_id
  and public_session_id(sid) = :public_id;

-- name: end_other_sessions(user_id, public_id)!
-- End every session of one user but the one named; locked in the order in which batches lock.
with locked as materialized (
    select s.sid
    from session as s
    where s.user_id = :user_id
      and public_session_id(s.sid) <> :public_id
    order by s.sid
    for update of s
)
delete from session as s
using locked
where s.sid = locked.sid;

-- name: end_session(public_id)!
-- End a signed-in session, whoever has it.
delete from session
where user_id is not null
  and public_session_id(sid) = :public_id;
