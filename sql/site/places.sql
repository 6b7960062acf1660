-- name: account_places(user_id)
-- List the places of an account, in order of id.
select
    id,
    name,
    note,
    latitude,
    longitude,
    extract(epoch from created_at)::float8
from nestmap.places
where user_id = :user_id::bigint
order by id;

-- name: account_place(user_id, id)
-- Find one place of an account.
select
    id,
    name,
    note,
    latitude,
    longitude,
    extract(epoch from created_at)::float8
from nestmap.places
where user_id = :user_id::bigint
  and id = :id;

-- name: put_place(session_id, sid, user_id, id, name, note, latitude, longitude, created_at, until)
-- Store a place: 'new', 'replaced', 'full', 'late', or 'ended' without a live session of the account.
-- `created_at` is the time of the first pinning; null means now.
select nestmap.put_place(
    :session_id,
    :sid,
    :user_id::bigint,
    :id,
    :name,
    :note,
    :latitude::double precision,
    :longitude::double precision,
    :created_at::double precision,
    :until::double precision
);

-- name: remove_place(session_id, sid, user_id, id, until)
-- Remove a place. No row: the account has no live session. Nulls: the place does not exist, or it was
-- too late.
with live as materialized (
    select user_id
    from nestmap.live_account(:session_id, :sid, :user_id::bigint) as user_id
), removed as (
    delete from nestmap.places as p
    using live
    where p.user_id = live.user_id
      and p.id = :id
      and extract(epoch from clock_timestamp()) < :until::double precision
    returning p.*
)
select
    removed.id,
    removed.name,
    removed.note,
    removed.latitude,
    removed.longitude,
    extract(epoch from removed.created_at)::float8,
    extract(epoch from clock_timestamp()) < :until::double precision as in_time
from live
left join removed on removed.user_id = live.user_id;
