-- name: reserve_attempt(buckets)
-- Count an attempt before it is checked; return 0, or the seconds to wait. See 0002-throttle.sql.
select nestmap.reserve_attempt(:buckets::jsonb);

-- name: return_attempt(buckets)
-- Uncount an attempt that succeeded or was not checked.
select nestmap.return_attempt(:buckets::jsonb);

-- name: count_new_sessions(counts, most)
-- Add new sessions of visitors to the counters of their networks, which decrease to 0 within a
-- minute; return the current counts, :most at most.
insert into nestmap.throttle as t (key, failures, level, counted_at, next_at)
select
    decode(c.key, 'hex'),
    0,
    least(:most, c.count),
    clock_timestamp(),
    clock_timestamp()
from jsonb_to_recordset(:counts::jsonb) as c (key text, count double precision)
order by c.key
on conflict (key) do update
set level = least(:most, excluded.level + greatest(
        0, t.level - :most / 60.0 * extract(epoch from clock_timestamp() - t.counted_at)
    )),
    counted_at = clock_timestamp(),
    next_at = clock_timestamp()
returning encode(t.key, 'hex'), t.level;

-- name: remember_network(user_id, network)!
-- Record the network of a sign-in, at most once a day.
insert into nestmap.known_networks as k (user_id, network)
values (:user_id, decode(:network, 'hex'))
on conflict (user_id, network) do update
set signed_in_at = now()
where k.signed_in_at < now() - interval '1 day';

-- name: prune_throttle(batch)!
-- Delete counters without an attempt for two days; by then they are empty.
delete from nestmap.throttle
where key in (
    select t.key
    from nestmap.throttle as t
    where t.counted_at < now() - interval '2 days'
    limit :batch
    for update skip locked
);

-- name: prune_crowded_throttle(most, batch)!
-- If the table has more than :most rows, delete counters without a delay and without an attempt for
-- ten minutes, oldest first.
delete from nestmap.throttle
where (
        select c.reltuples
        from pg_class as c
        where c.oid = 'nestmap.throttle'::regclass
    ) > :most
  and key in (
    select t.key
    from nestmap.throttle as t
    where t.counted_at < now() - interval '10 minutes'
      and t.next_at < now()
      and t.failures < 4
    order by t.counted_at
    limit :batch
    for update skip locked
);

-- name: prune_known_networks(batch)!
-- Delete networks without a sign-in for 90 days.
delete from nestmap.known_networks as k
using (
    select n.user_id, n.network
    from nestmap.known_networks as n
    where n.signed_in_at < now() - interval '90 days'
    limit :batch
    for update skip locked
) as old
where k.user_id = old.user_id
  and k.network = old.network;
