-- name: reserve_attempt(buckets)
-- Count an attempt before it is checked; 0, or the seconds to wait. See migration 0003-throttle.
select nestmap.reserve_attempt(:buckets::jsonb);

-- name: return_attempt(buckets)
-- Take back an attempt that succeeded or was not checked.
select nestmap.return_attempt(:buckets::jsonb);

-- name: count_new_sessions(counts, most)
-- Add the sessions that visitors began to the counters of their networks, which empty within a
-- minute; how many each has now, :most at the most.
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
-- Note from which network someone signed in; once a day is enough.
insert into nestmap.known_networks as k (user_id, network)
values (:user_id, decode(:network, 'hex'))
on conflict (user_id, network) do update
set signed_in_at = now()
where k.signed_in_at < now() - interval '1 day';

-- name: prune_throttle(batch)!
-- Remove counters that have been quiet for two days: they have forgotten everything by then.
delete from nestmap.throttle
where key in (
    select t.key
    from nestmap.throttle as t
    where t.counted_at < now() - interval '2 days'
    limit :batch
    for update skip locked
);

-- name: prune_crowded_throttle(most, batch)!
-- When the table is larger than :most rows, remove counters that delay nothing and have been quiet
-- for ten minutes, the oldest first.
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
-- Forget networks from which nobody signed in for 90 days.
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
