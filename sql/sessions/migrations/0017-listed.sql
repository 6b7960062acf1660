-- What a list shows of one session, never its sid. Lists go by the moment of the sign-in, or by the
-- address and the moment of the creation; number is the place of a row among those that were read.
create type nestmap."{prefix}_line" as (
    id text,
    user_id text,
    created_at float8,
    signed_in_at float8,
    last_seen_at float8,
    expires_at float8,
    idle integer,
    ip text,
    user_agent text,
    is_live boolean,
    moment timestamptz,
    created timestamptz,
    address inet,
    number bigint
);

-- Return what a list shows of this session. PostgreSQL puts it into the statement that calls it.
create function nestmap."{prefix}_listed"(s {table}, p_absolute integer)
returns table (
    id text,
    user_id text,
    created_at float8,
    signed_in_at float8,
    last_seen_at float8,
    expires_at float8,
    idle integer,
    ip text,
    user_agent text,
    is_live boolean,
    moment timestamptz,
    created timestamptz,
    address inet
)
language sql stable parallel safe
as $$
    select
        s.id,
        s.user_id,
        extract(epoch from least(s.created_at, now()))::float8,
        extract(epoch from s.authenticated_at)::float8,
        extract(epoch from coalesce(s.renewed_at, s.created_at))::float8,
        extract(epoch from least(
            s.expire at time zone 'utc',
            nestmap."{prefix}_absolute_end"(s, p_absolute)
        ))::float8,
        s.idle,
        host(s.ip),
        s.user_agent,
        nestmap."{prefix}_is_live"(s, p_absolute),
        coalesce(s.authenticated_at, s.created_at),
        s.created_at,
        s.ip;
$$;

-- The pages of lists. Each reads up to p_looks rows of an index, in its order, from a key on. The
-- live ones are returned, and the last one that was read, so that the next page can begin after it.
-- The settings leave the index as the only way: without them, old statistics of the table can lead
-- to reading and sorting all of it.

-- Return the sessions of all users, the newest sign-in first, after the key (p_moment, p_id).
create function nestmap."{prefix}_newest"(
    p_absolute integer,
    p_moment timestamptz,
    p_id text,
    p_looks integer,
    p_most integer
)
returns setof nestmap."{prefix}_line"
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
    select page.*
    from (
        select
            listed.*,
            row_number() over (order by listed.moment desc, listed.id desc) as number
        from {table} as s
        cross join lateral nestmap."{prefix}_listed"(s, p_absolute) as listed
        where s.user_id is not null
          and (listed.moment, listed.id) < (p_moment, p_id)
        order by listed.moment desc, listed.id desc
        limit p_looks
    ) as page
    where page.is_live
       or page.number = p_looks
    order by page.moment desc, page.id desc
    limit p_most;
$$;

-- Return the sessions of some users, the newest sign-in first, after the key (p_moment, p_id).
create function nestmap."{prefix}_of_users"(
    p_user_ids text[],
    p_absolute integer,
    p_moment timestamptz,
    p_id text,
    p_looks integer,
    p_most integer
)
returns setof nestmap."{prefix}_line"
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
    select page.*
    from (
        select
            owned.*,
            row_number() over (order by owned.moment desc, owned.id desc) as number
        from unnest(p_user_ids) as asked (user_id)
        cross join lateral (
            select listed.*
            from {table} as s
            cross join lateral nestmap."{prefix}_listed"(s, p_absolute) as listed
            where s.user_id = asked.user_id
              and (listed.moment, listed.id) < (p_moment, p_id)
            order by listed.moment desc, listed.id desc
            limit p_looks
        ) as owned
        order by owned.moment desc, owned.id desc
        limit p_looks
    ) as page
    where page.is_live
       or page.number = p_looks
    order by page.moment desc, page.id desc
    limit p_most;
$$;

-- Return the sessions from the address p_lowest on, the highest address and then the newest session
-- first, after the key (p_ip, p_moment, p_id), whose moment is that of the creation.
create function nestmap."{prefix}_of_network"(
    p_lowest inet,
    p_absolute integer,
    p_ip inet,
    p_moment timestamptz,
    p_id text,
    p_looks integer,
    p_most integer
)
returns setof nestmap."{prefix}_line"
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
    select page.*
    from (
        select
            listed.*,
            row_number() over (
                order by listed.address desc, listed.created desc, listed.id desc
            ) as number
        from {table} as s
        cross join lateral nestmap."{prefix}_listed"(s, p_absolute) as listed
        where listed.address >= p_lowest
          and (listed.address, listed.created, listed.id) < (p_ip, p_moment, p_id)
        order by listed.address desc, listed.created desc, listed.id desc
        limit p_looks
    ) as page
    where page.is_live
       or page.number = p_looks
    order by page.address desc, page.created desc, page.id desc
    limit p_most;
$$;
