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

-- Do what belongs to a change of the sid: the event, the limit of sessions for each user, the end of
-- other sessions that the request named. p_row is the row as the program sent it.
create function nestmap."{prefix}_rotated"(p_row jsonb, p_id text, p_user_id text)
returns void
language plpgsql
set enable_seqscan = off
as $$
declare
    w record;
    v_source jsonb;
begin
    select *
    into w
    from jsonb_to_record(p_row) as x (
        sid varchar,
        new_sid varchar,
        named text[],
        signs_in boolean,
        confirms boolean,
        ip inet,
        user_agent text,
        recorded boolean,
        most integer
    );
    v_source := case
        when w.recorded then nestmap."{prefix}_source"(p_user_id, w.ip, w.user_agent)
    end;
    if w.recorded and (w.signs_in or w.confirms) then
        perform nestmap.add_event(v_source || jsonb_build_object(
            'kind', case when w.signs_in then 'signed_in' else 'confirmed' end,
            'user_id', p_user_id,
            'session_id', p_id
        ));
    end if;
    if w.signs_in then
        perform nestmap."{prefix}_cap"(p_user_id, p_id, w.most, v_source);
    end if;
    if w.new_sid <> w.sid then
        insert into nestmap."{prefix}_endings" (sid_hash, reason)
        values (sha256(convert_to(w.sid, 'UTF8')), 'rotated')
        on conflict (sid_hash) do nothing;
    end if;
    if cardinality(w.named) > 0 then
        perform nestmap."{prefix}_end"(
            w.named,
            array_fill('replaced'::text, array[cardinality(w.named)]),
            array_fill(v_source, array[cardinality(w.named)])
        );
    end if;
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
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    w record;
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
        select
            x.*,
            row_of.value as whole
        from jsonb_array_elements(p_rows) as row_of
        cross join jsonb_to_record(row_of.value) as x (
            sid varchar,
            new_sid varchar,
            write uuid,
            until float8,
            changed jsonb,
            removed text[],
            replaces boolean,
            signs_in boolean,
            confirms boolean,
            takes boolean,
            user_id text,
            user_version text,
            idle integer,
            absolute integer,
            ip inet,
            user_agent text
        )
        order by x.sid collate "C"
    loop
        asked := w.sid;
        sid := w.new_sid;
        v_taken := '{}';
        select s.*
        into r
        from {table} as s
        where s.sid in (w.sid, w.new_sid)
          and w.write = any(s.writes)
          and nestmap."{prefix}_is_live"(s, p_absolute);

        if not found then
            select s.*
            into r
            from {table} as s
            where s.sid = w.sid
              and nestmap."{prefix}_is_live"(s, p_absolute);
            continue when not found;

            if w.until <= extract(epoch from clock_timestamp())::float8 then
                sid := null;
                return next;
                continue;
            end if;

            delete from {table} as s
            where s.sid = w.new_sid
              and w.new_sid <> w.sid;
            v_data := case when w.replaces then '{}' else r.sess::jsonb - 'cookie' - w.removed end
                || w.changed;
            if w.signs_in then
                r.user_id := w.user_id;
                r.user_version := w.user_version;
                r.idle := w.idle;
                r.absolute := w.absolute;
            end if;
            if w.signs_in or w.confirms then
                r.authenticated_at := now();
            end if;
            if p_hook is not null and w.takes and r.user_id is not null then
                execute format('select %s($1, $2, $3)', p_hook)
                into v_taken
                using r.user_id, r.id, v_data;
                v_data := v_data - coalesce(v_taken, '{}');
            end if;
            r.expire := nestmap."{prefix}_renewed"(r, p_idle, p_absolute);
            update {table} as s
            set sid = w.new_sid,
                sess = nestmap."{prefix}_document"(v_data, p_cookie, r.expire),
                expire = r.expire,
                authenticated_at = r.authenticated_at,
                renewed_at = now(),
                user_id = r.user_id,
                user_version = r.user_version,
                idle = r.idle,
                absolute = r.absolute,
                -- Without a new sid there was no request whose client it could be.
                ip = case when w.new_sid = w.sid then s.ip else w.ip end,
                user_agent = case when w.new_sid = w.sid then s.user_agent else w.user_agent end,
                writes = nestmap."{prefix}_names"(s.writes, w.write, p_passed)
            where s.sid = w.sid;
            perform nestmap."{prefix}_rotated"(w.whole, r.id, r.user_id);
        end if;

        id := r.id;
        created_at := extract(epoch from r.created_at);
        authenticated_at := extract(epoch from r.authenticated_at);
        expires_at := extract(epoch from r.expire);
        max_age := extract(epoch from r.expire - now() at time zone 'utc');
        taken := v_taken;
        return next;
    end loop;
end;
$$;
