-- The one statement of the hot path that is a function: planning it anew took a third of its time,
-- and a function keeps its plan for as long as the connection lasts, also behind PgBouncer.
--
-- Merge changes by key into live sessions, and rotate the sid in place. Never inserts: a session
-- that was ended stays ended. A row already under its new sid is this same statement, sent before.
create function update_sessions(p_rows jsonb, p_idle integer, p_absolute integer, p_cookie jsonb)
returns table (
    asked_sid varchar,
    stored_sid varchar,
    created_at_epoch float8,
    expire_epoch float8,
    lasts float8
)
language plpgsql as $$
begin
    return query
        with wanted as (
            select *
            from jsonb_to_recordset(p_rows) as w (
                sid text,
                new_sid text,
                changed jsonb,
                removed jsonb,
                cleared boolean,
                reowned boolean,
                user_id bigint,
                ip inet,
                user_agent text
            )
        ),
        locked as materialized (
            select
                s.sid as old_sid,
                w.*,
                least(
                    now() + make_interval(secs => p_idle),
                    s.created_at + make_interval(secs => p_absolute)
                ) at time zone 'utc' as renewed
            from session as s
            join wanted as w on s.sid = any(array[w.sid, w.new_sid])
            where s.expire > now() at time zone 'utc'
            order by s.sid
            for update of s
        )
        update session as s
        set sid = w.new_sid,
            sess = (
                case
                    when w.cleared then '{}'
                    else s.sess::jsonb - array(select jsonb_array_elements_text(w.removed))
                end
                || w.changed
                || jsonb_build_object('cookie', p_cookie || jsonb_build_object(
                    'expires', to_char(w.renewed, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
                ))
            )::json,
            expire = w.renewed,
            authenticated_at = case
                when not w.reowned then s.authenticated_at
                when w.user_id is not null then now()
            end,
            user_id = case when w.reowned then w.user_id else s.user_id end,
            ip = w.ip,
            user_agent = w.user_agent
        from locked as w
        where s.sid = w.old_sid
        returning
            w.sid::varchar,
            s.sid,
            extract(epoch from s.created_at)::float8,
            extract(epoch from s.expire)::float8,
            extract(epoch from s.expire - now() at time zone 'utc')::float8;
end;
$$;
