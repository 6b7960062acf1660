-- Change the sid of live sessions, with their other changes: a sign-in, a confirmation or a plain
-- rotation; with the same sid, only call the site's function. It is the second step of a rotation
-- after nestmap."{prefix}_copy". The primary key changes in place, and the session replaces the copy:
-- the old sid ends in the statement that makes the new one.
--
-- A row under the new sid with the name of this change was made by an earlier attempt. A row is
-- returned with null for the sid if it was too late, and not at all if the session has ended. All rows
-- are locked in the order of their sids before the first is changed.
--
-- A plan is kept for as long as the connection lasts: one that was made while the table was nearly
-- empty must find a row by its key as well. The setting counts for the site's function, too.

-- A change of a sid, as the program sends it.
create type nestmap."{prefix}_rotation" as (
    sid varchar,
    new_sid varchar,
    new_id text,                -- the public id of the copy
    write uuid,                 -- the name of the change
    until float8,               -- its deadline, in seconds since the epoch
    changed jsonb,
    removed text[],
    replaces boolean,           -- the data before it is not kept
    named text[],               -- ids of other sessions that the request named
    signs_in boolean,
    confirms boolean,
    takes boolean,              -- the site's function may take keys of the data
    user_id text,
    user_version text,
    idle integer,
    absolute integer,
    ip inet,
    user_agent text,
    recorded boolean,           -- with events
    most integer                -- sessions of one user; null: any number
);

-- Do what belongs to a change of the sid from s to r: the events, the limit of sessions for each user,
-- the end of other sessions that the request named.
create function nestmap."{prefix}_rotated"(
    w nestmap."{prefix}_rotation",
    s {table},
    r {table}
)
returns void
language plpgsql
set enable_seqscan = off
as $$
declare
    v_source constant jsonb := case
        when w.recorded then nestmap."{prefix}_source"(r.user_id, w.ip, w.user_agent)
    end;
begin
    if w.recorded and s.user_id <> r.user_id then
        perform nestmap.add_event(v_source || jsonb_build_object(
            'kind', 'session_ended',
            'user_id', s.user_id,
            'session_id', s.id,
            'details', jsonb_build_object('why', 'replaced')
        ));
    end if;
    if w.recorded and (w.signs_in or w.confirms) then
        perform nestmap.add_event(v_source || jsonb_build_object(
            'kind', case when w.signs_in then 'signed_in' else 'confirmed' end,
            'user_id', r.user_id,
            'session_id', r.id
        ));
    end if;
    if w.signs_in then
        perform nestmap."{prefix}_cap"(r.user_id, r.id, w.most, v_source);
    end if;
    if w.new_sid <> w.sid then
        insert into nestmap."{prefix}_endings" (sid_hash, reason)
        values (sha256(convert_to(w.sid, 'UTF8')), 'rotated')
        on conflict (sid_hash) do nothing;
    end if;
    perform nestmap."{prefix}_end_each"(w.named, 'replaced', v_source);
end;
$$;

-- Return the row of a session under its new sid: renewed, with the user, the lifetimes and the client
-- of the change. The data, the names of changes and, except for another user, the public id stay as
-- they are. Without a new sid nothing changes: no cookie is sent, and there was no request whose
-- client it could be.
create function nestmap."{prefix}_changed"(
    s {table},
    w nestmap."{prefix}_rotation",
    p_idle integer,
    p_absolute integer
)
returns {table}
language plpgsql
as $$
begin
    if w.new_sid = w.sid then
        return s;
    end if;
    if w.signs_in then
        s.id := case when s.user_id <> w.user_id then w.new_id else s.id end;
        s.user_id := w.user_id;
        s.user_version := w.user_version;
        s.idle := w.idle;
        s.absolute := w.absolute;
    end if;
    if w.signs_in or w.confirms then
        s.authenticated_at := now();
    end if;
    s.ip := w.ip;
    s.user_agent := w.user_agent;
    s.sid := w.new_sid;
    s.renewed_at := now();
    s.expire := nestmap."{prefix}_renewed"(s, p_idle, p_absolute);
    return s;
end;
$$;

create function nestmap."{prefix}_rotate"(
    p_rows jsonb,
    p_idle integer,
    p_absolute integer,
    p_cookie jsonb,
    p_hook text,
    p_passed uuid
)
returns setof nestmap."{prefix}_written"
language plpgsql
set enable_seqscan = off
as $$
declare
    w nestmap."{prefix}_rotation";
    v_before {table};
    r {table};
    v_data jsonb;
    v_taken text[];
begin
    perform
    from (
        select s.sid
        from {table} as s
        where s.sid = any(array(
            select x.sid
            from jsonb_to_recordset(p_rows) as x (sid varchar)
            union
            select x.new_sid
            from jsonb_to_recordset(p_rows) as x (new_sid varchar)
        ))
        order by s.sid collate "C"
        for update of s
    ) as locked;

    for w in
        select *
        from jsonb_populate_recordset(null::nestmap."{prefix}_rotation", p_rows) as x
        order by x.sid collate "C"
    loop
        v_taken := '{}';
        select s.*
        into r
        from {table} as s
        where s.sid in (w.sid, w.new_sid)
          and w.write = any(s.writes)
          and nestmap."{prefix}_is_live"(s, p_absolute);

        if not found then
            select s.*
            into v_before
            from {table} as s
            where s.sid = w.sid
              and nestmap."{prefix}_is_live"(s, p_absolute);
            continue when not found;

            if w.until <= extract(epoch from clock_timestamp())::float8 then
                return next nestmap."{prefix}_late"(w.sid);
                continue;
            end if;

            delete from {table} as s
            where s.sid = w.new_sid
              and w.new_sid <> w.sid;
            v_data := case
                when w.replaces then '{}'
                else v_before.sess::jsonb - 'cookie' - w.removed
            end || w.changed;
            r := nestmap."{prefix}_changed"(v_before, w, p_idle, p_absolute);
            if p_hook is not null and w.takes and r.user_id is not null then
                execute format('select %s($1, $2, $3)', p_hook)
                into v_taken
                using r.user_id, r.id, v_data;
                v_data := v_data - coalesce(v_taken, '{}');
            end if;
            update {table} as s
            set sid = r.sid,
                id = r.id,
                sess = nestmap."{prefix}_document"(v_data, p_cookie, r.expire),
                expire = r.expire,
                authenticated_at = r.authenticated_at,
                renewed_at = r.renewed_at,
                user_id = r.user_id,
                user_version = r.user_version,
                idle = r.idle,
                absolute = r.absolute,
                ip = r.ip,
                user_agent = r.user_agent,
                writes = nestmap."{prefix}_names"(s.writes, w.write, p_passed)
            where s.sid = w.sid;
            perform nestmap."{prefix}_rotated"(w, v_before, r);
        end if;

        return next nestmap."{prefix}_written"(w.sid, r, p_absolute, v_taken);
    end loop;
end;
$$;
