-- The rules of lifetimes; PostgreSQL inlines these functions into the statements that call them.

-- Return the absolute end of a session: counted from when the password was last given, else from
-- the creation.
create function nestmap."{prefix}_absolute_end"(s {table}, p_absolute integer) returns timestamptz
language sql stable parallel safe
return least(
    case when s.user_id is null then s.created_at else coalesce(s.authenticated_at, s.created_at) end,
    now()
) + make_interval(secs => coalesce(s.absolute, p_absolute));

-- Return true if a session is neither idle nor older than its absolute lifetime. The column expire
-- is a timestamp without time zone in UTC, so both sides of a comparison are in UTC. The index of
-- expire is not usable here, and need not be: nearly every session is live.
create function nestmap."{prefix}_is_live"(s {table}, p_absolute integer) returns boolean
language sql stable parallel safe
return s.expire at time zone 'utc' > now()
    and nestmap."{prefix}_absolute_end"(s, p_absolute) > now();

-- Return true if a session was last renewed at least p_touch seconds ago; one with a shorter idle
-- lifetime is renewed when half of it is over. After the clock was set back, all are due: only a
-- renewal at this moment may be later than now(), which is when this transaction began.
create function nestmap."{prefix}_is_due"(s {table}, p_idle integer, p_touch integer) returns boolean
language sql stable parallel safe
return coalesce(
    s.renewed_at <= now() - make_interval(
        secs => least(p_touch, coalesce(s.idle, p_idle) / 2.0)
    )
    or s.renewed_at > now() + interval '10 seconds',
    true
);

-- Return the value of expire for a session that is renewed now.
create function nestmap."{prefix}_renewed"(s {table}, p_idle integer, p_absolute integer)
returns timestamp
language sql stable parallel safe
return least(
    now() + make_interval(secs => coalesce(s.idle, p_idle)),
    nestmap."{prefix}_absolute_end"(s, p_absolute)
) at time zone 'utc';
