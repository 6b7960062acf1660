-- The places of accounts. Those of a visitor are in the session until a sign-in moves them here.
create table nestmap.places (
    user_id bigint not null
        constraint places_user_id_fkey references nestmap.users (id) on delete cascade,
    id text collate "C" not null
        constraint places_id_check check (id ~ '^[a-z0-9-]{1,64}$'),
    name text not null
        constraint places_name_check check (char_length(name) between 1 and 120),
    note text not null default ''
        constraint places_note_check check (char_length(note) <= 500),
    latitude double precision
        constraint places_latitude_check check (latitude between -90 and 90),
    longitude double precision
        constraint places_longitude_check check (longitude between -180 and 180),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint places_pkey primary key (user_id, id),
    constraint places_position_check check ((latitude is null) = (longitude is null))
);

-- Return the account of a live session that is signed in to it, or no row. The row of the session is
-- locked until the transaction ends, so that the session can't be ended before that. It is found by
-- its sid too: its public id changes if a sign-in whose outcome was unknown is finished afterwards.
create function nestmap.live_account(p_session_id text, p_sid text, p_user_id bigint)
returns setof bigint
language sql
as $$
    select u.id
    from public.session as s
    join nestmap.users as u on u.id = p_user_id
    where (s.id = p_session_id or s.sid = p_sid)
      and s.user_id = p_user_id::text
      and s.user_version is not distinct from u.version::text
      and s.expire > now() at time zone 'utc'
      and u.disabled_at is null
    for key share of s;
$$;

-- Allow one change of an account's places at a time, so that the count includes concurrent changes.
create function nestmap.lock_places(p_user_id bigint)
returns void
language sql
as $$
    select pg_advisory_xact_lock(hashtextextended('nestmap.places', p_user_id));
$$;

-- Keep a place: 'new', 'replaced', 'full' at 1,000 places, 'ended' without a live session, or 'late'
-- after p_until (seconds since the epoch): by then the client was told that it failed.
create function nestmap.put_place(
    p_session_id text,
    p_sid text,
    p_user_id bigint,
    p_id text,
    p_name text,
    p_note text,
    p_latitude double precision,
    p_longitude double precision,
    p_created_at double precision,
    p_until double precision
)
returns text
language plpgsql
as $$
begin
    perform from nestmap.live_account(p_session_id, p_sid, p_user_id);
    if not found then
        return 'ended';
    end if;
    perform nestmap.lock_places(p_user_id);
    if p_until <= extract(epoch from clock_timestamp()) then
        return 'late';
    end if;
    update nestmap.places
    set name = p_name,
        note = p_note,
        latitude = p_latitude,
        longitude = p_longitude,
        updated_at = now()
    where user_id = p_user_id
      and id = p_id;
    if found then
        return 'replaced';
    end if;
    if (select count(*) from nestmap.places where user_id = p_user_id) >= 1000 then
        return 'full';
    end if;
    insert into nestmap.places (user_id, id, name, note, latitude, longitude, created_at)
    values (
        p_user_id,
        p_id,
        p_name,
        p_note,
        p_latitude,
        p_longitude,
        coalesce(to_timestamp(p_created_at), now())
    );
    return 'new';
end;
$$;

-- Return the number with this key if it is within the limits, else null.
create function nestmap.number_in(p_fields jsonb, p_key text, p_least numeric, p_most numeric)
returns double precision
language sql
immutable
as $$
    select case when jsonb_typeof(p_fields -> p_key) = 'number' then
        case when (p_fields ->> p_key)::numeric between p_least and p_most then
            (p_fields ->> p_key)::double precision
        end
    end;
$$;

-- Return the places in the data of a session, oldest first. nestmap.places.visitor reads them in the
-- same way.
create function nestmap.places_in(p_data jsonb)
returns table (
    key text,
    id text,
    name text,
    note text,
    latitude double precision,
    longitude double precision,
    created_at double precision
)
language sql
stable
as $$
    select *
    from (
        select
            key,
            substr(key, 7),
            value ->> 'name',
            coalesce(value ->> 'note', ''),
            nestmap.number_in(value, 'latitude', -90, 90) as latitude,
            nestmap.number_in(value, 'longitude', -180, 180) as longitude,
            nestmap.number_in(value, 'created_at', 0, extract(epoch from now())) as created_at
        from jsonb_each(p_data)
        where key ~ '^place:[a-z0-9-]{1,64}$'
          and jsonb_typeof(value) = 'object'
          and jsonb_typeof(value -> 'name') = 'string'
          and char_length(value ->> 'name') between 1 and 120
          and coalesce(jsonb_typeof(value -> 'note'), 'null') in ('string', 'null')
          and char_length(coalesce(value ->> 'note', '')) <= 500
          and coalesce(jsonb_typeof(value -> 'latitude'), 'null') in ('number', 'null')
          and coalesce(jsonb_typeof(value -> 'longitude'), 'null') in ('number', 'null')
    ) as place (key, id, name, note, latitude, longitude, created_at)
    where (latitude is null) = (longitude is null)
    order by created_at nulls first, id;
$$;

-- Move the places of a session to an account, and return the keys that were taken.
--
-- If the account has another place with the same id, the new one gets an id made of the session's id
-- and its own, so a repeated call stores no second place. A place that the account has already, with
-- the same content, is taken and not stored twice. Places above 1,000 stay in the session.
create function nestmap.take_places(p_user_id text, p_public_id text, p_data jsonb)
returns text[]
language plpgsql
as $$
declare
    v_user_id constant bigint := p_user_id::bigint;
    v_taken text[] := '{}';
    v_room integer;
    v_other_id text;
    v_is_known boolean;
    v_place record;
begin
    -- Most sign-ins have no place and need no lock.
    perform from nestmap.places_in(p_data);
    if not found then
        return v_taken;
    end if;
    perform nestmap.lock_places(v_user_id);
    select 1000 - count(*) into v_room from nestmap.places where user_id = v_user_id;
    for v_place in select * from nestmap.places_in(p_data) loop
        v_other_id := left(v_place.id, 47) || '-' || left(md5(p_public_id || ' ' || v_place.id), 16);
        v_is_known := exists (
            select
            from nestmap.places as p
            where p.user_id = v_user_id
              and (
                  p.id = v_other_id
                  or p.id = v_place.id
                  and p.name = v_place.name
                  and p.note = v_place.note
                  and p.latitude is not distinct from v_place.latitude
                  and p.longitude is not distinct from v_place.longitude
              )
        );
        continue when v_room <= 0 and not v_is_known;
        v_taken := v_taken || v_place.key;
        continue when v_is_known;
        v_room := v_room - 1;
        insert into nestmap.places (user_id, id, name, note, latitude, longitude, created_at)
        select
            v_user_id,
            case when exists (
                select
                from nestmap.places as p
                where p.user_id = v_user_id
                  and p.id = v_place.id
            ) then v_other_id else v_place.id end,
            v_place.name,
            v_place.note,
            v_place.latitude,
            v_place.longitude,
            coalesce(to_timestamp(v_place.created_at), now());
    end loop;
    return v_taken;
end;
$$;
