-- name: add_events(events)
-- Add events, each a JSON object with the names of the columns.
select nestmap.add_event(value)
from jsonb_array_elements(:events::jsonb);

-- name: seal_events(most)
-- Seal new events, unless another instance is sealing; return each event with its seal.
select
    s.number,
    encode(s.hash, 'hex'),
    e.id,
    to_char(e.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.kind,
    e.user_id,
    e.actor_id,
    e.session_id,
    host(e.ip),
    e.user_agent,
    e.details::text
from nestmap.seal_events(:most) as s
join nestmap.events as e on e.id = s.event_id
order by s.number;

-- name: find_head()
-- Find the newest link of the chain.
select number, encode(hash, 'hex')
from nestmap.event_seals
order by number desc
limit 1;

-- name: find_seal(hash)
-- Find the link with this hash.
select number
from nestmap.event_seals
where hash = decode(:hash, 'hex');

-- name: verify_events()
-- List the faults of the chain. An event is sealed within seconds, so an event that is sealed long
-- after one with a later time was inserted.
with links as (
    select
        s.number,
        s.event_id,
        s.sealed_at,
        s.hash,
        e.id,
        e.at,
        e as event,
        lag(s.hash) over chain as hash_before,
        lag(s.number) over chain as number_before,
        max(e.at) over (
            order by s.number rows between unbounded preceding and 1 preceding
        ) as newest_before
    from nestmap.event_seals as s
    left join nestmap.events as e on e.id = s.event_id
    window chain as (order by s.number)
),
beginning as (
    select
        coalesce(pruned.number, 0) as number,
        coalesce(pruned.hash, encode(sha256('nestmap'), 'hex')) as hash,
        pruned.at
    from (select 1) as one
    left join (
        select
            (e.details ->> 'through')::bigint as number,
            e.details ->> 'hash' as hash,
            e.at
        from nestmap.events as e
        where e.kind = 'events_pruned'
        order by e.id desc
        limit 1
    ) as pruned on true
),
faults as (
    select
        l.number,
        l.event_id,
        case
            when l.number_before is null then 'beginning'
            when l.number <> l.number_before + 1 then 'gap'
            when l.id is null then 'removed'
            when l.hash <> nestmap.event_hash(l.hash_before, l.number, l.sealed_at, l.event)
                then 'changed'
            else 'inserted'
        end as fault
    from links as l
    where case
        when l.number_before is null then
            l.event_id is not null
            or exists (
                select
                from beginning as b
                where l.number <> b.number
                   or encode(l.hash, 'hex') <> b.hash
                   or l.sealed_at > b.at - interval '30 days'
            )
        else
            l.number <> l.number_before + 1
            or l.id is null
            or l.hash <> nestmap.event_hash(l.hash_before, l.number, l.sealed_at, l.event)
            or l.at < l.newest_before - interval '10 minutes'
            or l.at > l.sealed_at
    end
    union all
    select null, e.id, 'inserted'
    from nestmap.events as e
    where not exists (select from nestmap.event_seals as s where s.event_id = e.id)
      and not exists (select from nestmap.unsealed_events as u where u.event_id = e.id)
)
select number, event_id, fault
from faults
order by number nulls last, event_id
limit 1000;

-- name: verify_links(after, most)
-- Check up to :most links from number :after on; return their number, the last number, and the number
-- of links that do not follow from the previous one. The first has no previous one.
with links as (
    select
        s.number,
        s.sealed_at,
        s.hash,
        e.id,
        e.at,
        e as event,
        lag(s.hash) over chain as hash_before,
        lag(s.number) over chain as number_before
    from (
        select number, event_id, sealed_at, hash
        from nestmap.event_seals
        where number >= :after
        order by number
        limit :most
    ) as s
    left join nestmap.events as e on e.id = s.event_id
    window chain as (order by s.number)
)
select
    count(*),
    max(number),
    count(*) filter (
        where number_before is not null and (
            number <> number_before + 1
            or id is null
            or hash <> nestmap.event_hash(hash_before, number, sealed_at, event)
            or at > sealed_at
        )
    )
from links;

-- name: count_unsealed(most)
-- Count the events without a seal, up to :most.
select count(*)
from (
    select
    from nestmap.unsealed_events
    limit :most
) as unsealed;

-- name: prune_events(days, most)
-- Delete a batch of old events; return their number.
select nestmap.prune_events(:days, :most);

-- name: list_events(user_id, kind, before, most)
-- List events, newest first, before the id :before (null: from the newest on).
select
    e.id,
    to_char(e.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    e.kind,
    e.user_id,
    e.actor_id,
    e.session_id,
    host(e.ip),
    e.user_agent,
    e.details::text
from nestmap.events as e
where (:user_id::text is null or e.user_id = :user_id)
  and (:kind::text is null or e.kind = :kind)
  and (:before::bigint is null or e.id < :before)
order by e.id desc
limit :most;
