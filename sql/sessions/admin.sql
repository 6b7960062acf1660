-- Pages of sessions for administration, and ids of sessions to end. Each kind of list has its own
-- statement. The functions are in migrations/.

-- name: authenticated_within(id, seconds)
-- Find out if the user of a session gave the password in the last :seconds.
select s.authenticated_at > now() - make_interval(secs => :seconds)
from {table} as s
where s.id = :id;

-- name: newest_sessions(absolute, moment, id, looks, most)
-- List a page of the sessions of all users, newest sign-in first.
select *
from nestmap."{prefix}_newest"(:absolute, :moment::timestamptz, :id, :looks, :most);

-- name: sessions_of_users(user_ids, absolute, moment, id, looks, most)
-- List a page of the sessions of some users, newest sign-in first.
select *
from nestmap."{prefix}_of_users"(
    :user_ids::text[], :absolute, :moment::timestamptz, :id, :looks, :most
);

-- name: sessions_of_network(lowest, absolute, ip, moment, id, looks, most)
-- List a page of the sessions of an address or a network.
select *
from nestmap."{prefix}_of_network"(
    :lowest::inet, :absolute, :ip::inet, :moment::timestamptz, :id, :looks, :most
);

-- name: session_by_id(id, absolute)
-- Find the live session with this public id.
select listed.*
from {table} as s
cross join lateral nestmap."{prefix}_listed"(s, :absolute) as listed
where s.id = :id
  and nestmap."{prefix}_is_live"(s, :absolute);

-- name: own_session_id(user_id, id)
-- Return the id if the session belongs to this user.
select s.id
from {table} as s
where s.id = :id
  and s.user_id = :user_id;

-- name: session_ids_of_user(user_id, keep, most)
-- List the ids of the sessions of a user, except for :keep ('' keeps none).
select s.id
from {table} as s
where s.user_id = :user_id
  and s.id <> :keep
limit :most;

-- name: some_session_ids(after, most)
-- List ids of sessions in order, after the id :after.
select s.id
from {table} as s
where s.id > :after
order by s.id
limit :most;
