-- Counters of attempts. A key is an HMAC: the table contains no plain address. Both counters decrease
-- with time: "failures" sets the delay, "level" limits the attempts in a day (or an hour).
create table nestmap.throttle (
    key bytea constraint throttle_pkey primary key,
    failures double precision not null,
    level double precision not null,
    counted_at timestamptz not null,
    next_at timestamptz not null
);

create index throttle_counted_at_idx on nestmap.throttle (counted_at);

-- The networks from which an account was signed in to, as an HMAC.
create table nestmap.known_networks (
    user_id bigint constraint known_networks_user_id_fkey references nestmap.users on delete cascade,
    network bytea,
    signed_in_at timestamptz not null default now(),
    constraint known_networks_pkey primary key (user_id, network)
);

create index known_networks_signed_in_at_idx on nestmap.known_networks (signed_in_at);

-- Return the accounts with what the check of a password needs. is_known is true if the account was
-- signed in to from this network (an HMAC in hexadecimal digits) in 90 days. No password is right for
-- a disabled account, but attempts on it are counted and recorded as its own.
-- PostgreSQL inlines it, so a condition of the caller uses the indexes of nestmap.users.
create function nestmap.users_in_network(p_network text)
returns table (
    id bigint,
    email text,
    role text,
    version bigint,
    must_change boolean,
    password_hash text,
    is_known boolean,
    is_disabled boolean
)
language sql stable
as $$
    select
        u.id,
        u.email,
        u.role,
        u.version,
        u.must_change,
        u.password_hash,
        exists (
            select
            from nestmap.known_networks as k
            where k.user_id = u.id
              and k.network = decode(p_network, 'hex')
              and k.signed_in_at > now() - interval '90 days'
        ),
        u.disabled_at is not null
    from nestmap.users as u;
$$;

-- Return the delay in seconds after a number of failures: none before p_free, then 5, 10, 20 ... 900.
-- The number is not an integer, because failures decrease continuously.
create function nestmap.attempt_delay(p_failures double precision, p_free integer)
returns double precision
language sql immutable
return case
    when round(p_failures) < p_free then 0
    else least(900, 5 * power(2, least(round(p_failures) - p_free, 10)))
end;

-- Make attempts on one bucket take turns, also when it has no row yet. The locks are taken in the order
-- of the keys.
create function nestmap.lock_buckets(p_buckets jsonb) returns void
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(b.key, 7305804401))
    from (
        select w.key
        from jsonb_to_recordset(p_buckets) as w (key text)
        order by w.key
    ) as b;
end;
$$;

-- Count one attempt in each bucket, or in none: return 0 if it is allowed, else the seconds to wait.
-- It is counted before the password is checked, so that simultaneous attempts are all counted. A
-- refused attempt stores nothing.
create function nestmap.reserve_attempt(p_buckets jsonb) returns double precision
language plpgsql as $$
declare
    v_wait double precision;
begin
    perform nestmap.lock_buckets(p_buckets);

    select max(greatest(
        extract(epoch from t.next_at - clock_timestamp()),
        (leaked.level + 1 - b.capacity) / nullif(b.refill, 0)
    ))
    into v_wait
    from jsonb_to_recordset(p_buckets) as b (
        key text, capacity double precision, refill double precision
    )
    join nestmap.throttle as t on t.key = decode(b.key, 'hex')
    cross join lateral (
        select greatest(
            0, t.level - b.refill * extract(epoch from clock_timestamp() - t.counted_at)
        ) as level
    ) as leaked;
    if v_wait > 0 then
        return v_wait;
    end if;

    insert into nestmap.throttle as t (key, failures, level, counted_at, next_at)
    select
        decode(b.key, 'hex'),
        counted.failures,
        counted.level,
        clock_timestamp(),
        clock_timestamp()
            + make_interval(secs => nestmap.attempt_delay(counted.failures, b.free))
    from jsonb_to_recordset(p_buckets) as b (
        key text,
        free integer,
        forget double precision,
        capacity double precision,
        refill double precision
    )
    left join nestmap.throttle as old on old.key = decode(b.key, 'hex')
    cross join lateral (
        select coalesce(extract(epoch from clock_timestamp() - old.counted_at), 0) as seconds
    ) as passed
    cross join lateral (
        select
            1 + greatest(0, least(coalesce(old.failures, 0), b.free + 10) - b.forget * passed.seconds)
                as failures,
            1 + greatest(0, coalesce(old.level, 0) - b.refill * passed.seconds) as level
    ) as counted
    order by b.key
    on conflict (key) do update
    set failures = excluded.failures,
        level = excluded.level,
        counted_at = excluded.counted_at,
        next_at = excluded.next_at;
    return 0;
end;
$$;

-- Uncount an attempt that succeeded, or that was not checked.
create function nestmap.return_attempt(p_buckets jsonb) returns void
language plpgsql as $$
begin
    perform nestmap.lock_buckets(p_buckets);

    update nestmap.throttle as t
    set failures = greatest(0, t.failures - 1),
        level = greatest(0, t.level - 1),
        next_at = t.counted_at
            + make_interval(secs => nestmap.attempt_delay(greatest(0, t.failures - 1), b.free))
    from jsonb_to_recordset(p_buckets) as b (key text, free integer)
    where t.key = decode(b.key, 'hex');
end;
$$;
