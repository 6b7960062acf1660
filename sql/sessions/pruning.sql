-- name: prune_sessions(batch, lock)
-- Delete a batch of expired sessions, unless another instance is pruning. Locked rows are in use and
-- are skipped; the expiry is checked again after a row is locked.
with turn as materialized (
    select pg_try_advisory_xact_lock(hashtextextended(:lock, 0)) as lock_acquired
),
expired as materialized (
    select s.sid
    from {table} as s
    where (select lock_acquired from turn)
      and s.expire <= now() at time zone 'utc'
    order by s.expire
    limit :batch
    for update of s skip locked
)
delete from {table} as s
using expired
where s.sid = expired.sid
  and s.expire <= now() at time zone 'utc';

-- name: prune_endings(batch)
-- Delete the reasons of ended sessions after a day.
delete from nestmap."{prefix}_endings"
where sid_hash = any(array(
    select e.sid_hash
    from nestmap."{prefix}_endings" as e
    where e.ended_at < now() - interval '1 day'
    order by e.ended_at
    limit :batch
    for update of e skip locked
));
