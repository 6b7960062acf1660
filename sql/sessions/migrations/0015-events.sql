-- Security events. They are only added; a separate chain of hashes shows if one was changed, removed
-- or inserted later.
create table if not exists nestmap.events (
    id bigint generated always as identity constraint events_pkey primary key,
    at timestamptz not null default clock_timestamp(),
    kind text not null,
    user_id text,
    actor_id text,
    session_id text,
    ip inet,
    user_agent text,
    details jsonb not null default '{}'
);

create index if not exists events_user_id_idx
    on nestmap.events (user_id, id desc)
    where user_id is not null;
create index if not exists events_kind_idx on nestmap.events (kind, id desc);

-- The events without a seal. A trigger fills this table, so that sealing finds all events in the order
-- in which their transactions ended.
create table if not exists nestmap.unsealed_events (
    event_id bigint constraint unsealed_events_pkey primary key
);

-- One link for each event, in the order of sealing. The first row is the beginning of the chain: of
-- all earlier (pruned) events only the hash is left.
create table if not exists nestmap.event_seals (
    number bigint constraint event_seals_pkey primary key,
    event_id bigint constraint event_seals_event_id_key unique,
    sealed_at timestamptz not null,
    hash bytea not null
);

insert into nestmap.event_seals (number, sealed_at, hash)
select 0, now(), sha256('nestmap')
where not exists (select from nestmap.event_seals);

create or replace function nestmap.queue_events() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into nestmap.unsealed_events (event_id)
    select added.id
    from added;
    return null;
end;
$$;

create or replace trigger events_queue
    after insert on nestmap.events
    referencing new table as added
    for each statement execute function nestmap.queue_events();

-- Add one event, given as a JSON object with the names of the columns.
create or replace function nestmap.add_event(p_event jsonb) returns void
language sql as $$
    insert into nestmap.events (kind, user_id, actor_id, session_id, ip, user_agent, details)
    select
        e.kind,
        e.user_id,
        e.actor_id,
        e.session_id,
        e.ip,
        e.user_agent,
        coalesce(e.details, '{}')
    from jsonb_to_record(p_event) as e (
        kind text,
        user_id text,
        actor_id text,
        session_id text,
        ip inet,
        user_agent text,
        details jsonb
    );
$$;

-- Return the hash of a link: over the previous hash, its number and time, and its whole event.
create or replace function nestmap.event_hash(
    p_before bytea, p_number bigint, p_sealed_at timestamptz, p_event nestmap.events
) returns bytea
language sql stable
return sha256(p_before || convert_to(
    jsonb_build_array(
        p_number,
        extract(epoch from p_sealed_at),
        p_event.id,
        extract(epoch from p_event.at),
        p_event.kind,
        p_event.user_id,
        p_event.actor_id,
        p_event.session_id,
        text(p_event.ip),
        p_event.user_agent,
        p_event.details
    )::text,
    'UTF8'
));

-- Seal up to p_most events, unless another instance is sealing; return them with their seals.
create or replace function nestmap.seal_events(p_most integer)
returns table (number bigint, event_id bigint, hash bytea)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_last nestmap.event_seals;
    v_event nestmap.events;
    v_now timestamptz;
begin
    if not pg_try_advisory_xact_lock(7305804402) then
        return;
    end if;
    select * into strict v_last
    from nestmap.event_seals
    order by number desc
    limit 1;
    for v_event in
        with taken as (
            delete from nestmap.unsealed_events
            where event_id in (
                select u.event_id
                from nestmap.unsealed_events as u
                order by u.event_id
                limit p_most
            )
            returning event_id
        )
        select e.*
        from nestmap.events as e
        join taken as t on t.event_id = e.id
        order by e.id
    loop
        -- Not before the event: the clock may have been set back since.
        v_now := greatest(clock_timestamp(), v_event.at);
        v_last := row(
            v_last.number + 1,
            v_event.id,
            v_now,
            nestmap.event_hash(v_last.hash, v_last.number + 1, v_now, v_event)
        );
        insert into nestmap.event_seals values (v_last.*);
        number := v_last.number;
        event_id := v_last.event_id;
        hash := v_last.hash;
        return next;
    end loop;
end;
$$;

-- Remove up to p_most sealed events that are older than p_days, and return how many. The least age
-- is fixed here: a role that may only call this function can't remove events younger than 30 days. An
-- event records the removal, with the hash at which the chain begins from then on.
create or replace function nestmap.prune_events(p_days integer, p_most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_first bigint;
    v_through bigint;
    v_hash bytea;
begin
    if not pg_try_advisory_xact_lock(7305804402) then
        return 0;
    end if;
    select min(s.number) into strict v_first
    from nestmap.event_seals as s;
    select max(s.number) into v_through
    from nestmap.event_seals as s
    where s.number between v_first + 1 and v_first + p_most
      and s.sealed_at < now() - make_interval(days => greatest(p_days, 30));
    if v_through is null then
        return 0;
    end if;
    delete from nestmap.events as e
    using nestmap.event_seals as s
    where s.number between v_first and v_through
      and e.id = s.event_id;
    delete from nestmap.event_seals
    where number < v_through;
    update nestmap.event_seals
    set event_id = null
    where number = v_through
    returning hash into v_hash;
    perform nestmap.add_event(jsonb_build_object(
        'kind', 'events_pruned',
        'details', jsonb_build_object('through', v_through, 'hash', encode(v_hash, 'hex'))
    ));
    return v_through - v_first;
end;
$$;
