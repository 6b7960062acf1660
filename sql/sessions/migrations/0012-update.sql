-- Merge changes by key into live sessions. Never inserts: a session that was ended stays ended. The
-- expiry moves only when a renewal is due, so any other change can be a HOT update; max_age is null
-- then.
--
-- It is a function because planning took a third of its time, and a function keeps its plan for as
-- long as the connection lasts, also behind PgBouncer. The plan must not depend on the size that the
-- table had when it was made: each row is found through the primary key, whatever the statistics say.
-- Rows are locked in the order of their sids, so that two batches never deadlock.
create function nestmap."{prefix}_update"(
    p_rows jsonb,
    p_idle integer,
    p_absolute integer,
    p_touch integer,
    p_cookie jsonb
)
returns table (
    asked varchar,
    sid varchar,
    id text,
    created_at float8,
    authenticated_at float8,
    expires_at float8,
    max_age float8,
    taken text[]
)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    return query
        with wanted as materialized (
            select *
            from jsonb_to_recordset(p_rows) as r (
                sid varchar,
                changed jsonb,
                removed text[],
                replaces boolean,
                ip inet,
                user_agent text
            )
        ),
        locked as materialized (
            select
                w.*,
                case when w.replaces then '{}' else s.sess::jsonb - w.removed end
                    || w.changed as data,
                s.sess::jsonb -> 'cookie' as cookie,
                nestmap."{prefix}_is_due"(s, p_idle, p_touch) as is_due,
                nestmap."{prefix}_renewed"(s, p_idle, p_absolute) as renewed
            from wanted as w
            join {table} as s on s.sid = w.sid
            where nestmap."{prefix}_is_live"(s, p_absolute)
            order by s.sid collate "C"
            for update of s
        )
        update {table} as s
        set sess = case
                when w.is_due or jsonb_typeof(w.cookie) is distinct from 'object'
                then nestmap."{prefix}_document"(w.data, p_cookie, w.renewed)
                else (w.data || jsonb_build_object('cookie', w.cookie))::json
            end,
            expire = case when w.is_due then w.renewed else s.expire end,
            renewed_at = case when w.is_due then now() else s.renewed_at end,
            ip = w.ip,
            user_agent = w.user_agent
        from locked as w
        where s.sid = w.sid
        returning
            w.sid,
            s.sid::varchar,
            s.id,
            extract(epoch from s.created_at)::float8,
            extract(epoch from s.authenticated_at)::float8,
            extract(epoch from s.expire)::float8,
            case when w.is_due then extract(epoch from s.expire - now() at time zone 'utc')::float8 end,
            '{}'::text[];
end;
$$;
