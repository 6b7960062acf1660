-- Return the document of a session as express-session expects it: our data with its cookie object
-- (without one, express-session answers 500).
create function nestmap."{prefix}_document"(p_data jsonb, p_cookie jsonb, p_expire timestamp)
returns json
language sql stable parallel safe
return (p_data || jsonb_build_object('cookie', p_cookie || jsonb_build_object(
    'expires', to_char(p_expire, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
)))::json;

-- What a write returns of a session.
create type nestmap."{prefix}_written" as (
    asked varchar,              -- the sid that the change named
    sid varchar,                -- the sid of the session now; null: the change was too late
    id text,
    created_at float8,          -- this and the next three: seconds since the epoch
    authenticated_at float8,
    expires_at float8,
    absolute_expires_at float8,
    max_age float8,             -- seconds until the expiry; null: it was not moved
    taken text[]                -- keys that the site's function of a sign-in has taken
);

-- Return the result of a write for this session. PostgreSQL inlines it, also in "returning": of
-- (nestmap."{prefix}_written"(...)).* it computes each column once.
create function nestmap."{prefix}_written"(
    p_asked varchar,
    s {table},
    p_absolute integer,
    p_taken text[] default '{}',
    p_is_renewed boolean default true
)
returns nestmap."{prefix}_written"
language sql stable parallel safe
return row(
    p_asked,
    s.sid::varchar,
    s.id,
    extract(epoch from s.created_at)::float8,
    extract(epoch from s.authenticated_at)::float8,
    extract(epoch from s.expire)::float8,
    extract(epoch from nestmap."{prefix}_absolute_end"(s, p_absolute))::float8,
    case when p_is_renewed then extract(epoch from s.expire - now() at time zone 'utc')::float8 end,
    coalesce(p_taken, '{}')
)::nestmap."{prefix}_written";

-- Return the result of a change that was too late.
create function nestmap."{prefix}_late"(p_asked varchar) returns nestmap."{prefix}_written"
language sql immutable parallel safe
return row(
    p_asked, null, null, null, null, null, null, null, null
)::nestmap."{prefix}_written";

-- Return true if it is too late to store a row with this sid: after p_until (seconds since the epoch),
-- or if a session with the sid has ended since. PL/pgSQL keeps the plan; SQL would plan each call.
create function nestmap."{prefix}_is_late"(p_sid varchar, p_until float8) returns boolean
language plpgsql
as $$
begin
    return p_until <= extract(epoch from clock_timestamp())::float8
        or exists (
            select
            from nestmap."{prefix}_endings" as e
            where e.sid_hash = sha256(convert_to(p_sid, 'UTF8'))
        );
end;
$$;
