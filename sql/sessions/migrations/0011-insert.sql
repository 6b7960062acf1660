-- Store new sessions. p_hook is the site's function of a sign-in; the keys that it returns have been
-- taken and are not stored. A repeat finds the row and does not change it, and never revives a session
-- that has ended since. A row that is too late is not stored: it is returned with null for the sid.
create function nestmap."{prefix}_insert"(
    p_rows jsonb,
    p_idle integer,
    p_absolute integer,
    p_cookie jsonb,
    p_hook text
)
returns setof nestmap."{prefix}_written"
language plpgsql
set enable_seqscan = off
as $$
declare
    w record;
    r {table};
    v_taken text[];
    v_expire timestamp;
    v_source jsonb;
begin
    for w in
        select *
        from jsonb_to_recordset(p_rows) as x (
            sid varchar,
            id text,
            until float8,
            data jsonb,
            named text[],
            reason text,
            user_id text,
            user_version text,
            idle integer,
            absolute integer,
            ip inet,
            user_agent text,
            recorded boolean,
            most integer
        )
        order by x.sid collate "C"
    loop
        select s.*
        into r
        from {table} as s
        where s.sid = w.sid;
        if found then
            return next nestmap."{prefix}_written"(w.sid, r, p_absolute, array(
                select key
                from jsonb_object_keys(w.data) as key
                where not r.sess::jsonb ? key
            ));
            continue;
        end if;
        if nestmap."{prefix}_is_late"(w.sid, w.until) then
            return next nestmap."{prefix}_late"(w.sid);
            continue;
        end if;
        v_source := case when w.recorded then nestmap."{prefix}_source"(w.user_id, w.ip, w.user_agent) end;
        perform nestmap."{prefix}_end_each"(w.named, w.reason, v_source);
        v_taken := '{}';
        if p_hook is not null and w.user_id is not null then
            execute format('select %s($1, $2, $3)', p_hook)
            into v_taken
            using w.user_id, w.id, w.data;
        end if;
        v_expire := (now() + make_interval(secs => least(
            coalesce(w.idle, p_idle), coalesce(w.absolute, p_absolute)
        ))) at time zone 'utc';
        -- An earlier attempt of the same statement may still be running: then this waits for its end.
        insert into {table} as s (
            sid, sess, expire, id, created_at, authenticated_at, renewed_at,
            user_id, user_version, idle, absolute, ip, user_agent
        )
        values (
            w.sid,
            nestmap."{prefix}_document"(w.data - coalesce(v_taken, '{}'), p_cookie, v_expire),
            v_expire,
            w.id,
            now(),
            case when w.user_id is not null then now() end,
            now(),
            w.user_id,
            w.user_version,
            w.idle,
            w.absolute,
            w.ip,
            w.user_agent
        )
        on conflict (sid) do nothing
        returning s.* into r;
        if not found then
            select s.*
            into r
            from {table} as s
            where s.sid = w.sid;
            if not found then
                return next nestmap."{prefix}_late"(w.sid);
                continue;
            end if;
        elsif w.user_id is not null then
            if w.recorded then
                perform nestmap.add_event(
                    v_source || jsonb_build_object(
                        'kind', 'signed_in', 'user_id', w.user_id, 'session_id', w.id
                    )
                );
            end if;
            perform nestmap."{prefix}_cap"(w.user_id, w.id, w.most, v_source);
        end if;
        return next nestmap."{prefix}_written"(w.sid, r, p_absolute, v_taken);
    end loop;
end;
$$;
