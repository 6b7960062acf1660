-- name: prune_sessions(batch)
-- Remove some expired sessions, unless another instance is pruning. A row that is locked is being
-- used, and its expiry is looked at again once it is ours. 7305804397 is "prune" to advisory locks.
with turn as materialized (
    select pg_try_advisory_xact_lock(7305804397) as ours
),
expired as materialized (
    select s.sid
    from session as s
    where (select ours from turn)
      and s.expire <= now() at time zone 'utc'
    order by s.expire
    limit :batch
    for update of s skip locked
)
delete from session as s
using expired
where s.sid = expired.sid
  and s.expire <= now() at time zone 'utc';
