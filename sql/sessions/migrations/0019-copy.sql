-- The first step to a new sid: put a copy of each session, with what changes, under the new sid. The
-- session itself is neither changed nor locked. The copy has a public id of its own, until
-- nestmap."{prefix}_rotate" puts the session in its place. A repeat finds the copy. A row comes back
-- with null for the sid if it was too late, and not at all if the session has ended.
create function nestmap."{prefix}_copy"(
    p_rows jsonb,
    p_idle integer,
    p_absolute integer,
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
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    w record;
    r {table};
begin
    for w in
        select *
        from jsonb_to_recordset(p_rows) as x (
            sid varchar,
            new_sid varchar,
            new_id text,
            until float8,
            changed jsonb,
            removed text[],
            replaces boolean,
            signs_in boolean,
            confirms boolean,
            user_id text,
            user_version text,
            idle integer,
            absolute integer,
            ip inet,
            user_agent text
        )
        order by x.new_sid collate "C"
    loop
        select s.*
        into r
        from {table} as s
        where s.sid = w.new_sid;

        if not found then
            select s.*
            into r
            from {table} as s
            where s.sid = w.sid
              and nestmap."{prefix}_is_live"(s, p_absolute);
            continue when not found;

            asked := w.sid;
            if w.until <= extract(epoch from clock_timestamp())::float8
                or exists (
                    select
                    from nestmap."{prefix}_endings" as e
                    where e.sid_hash = sha256(convert_to(w.new_sid, 'UTF8'))
                )
            then
                sid := null;
                return next;
                continue;
            end if;

            if w.signs_in then
                r.user_id := w.user_id;
                r.user_version := w.user_version;
                r.idle := w.idle;
                r.absolute := w.absolute;
            end if;
            if w.signs_in or w.confirms then
                r.authenticated_at := now();
            end if;
            r.expire := nestmap."{prefix}_renewed"(r, p_idle, p_absolute);
            r.sess := nestmap."{prefix}_document"(
                case when w.replaces then '{}' else r.sess::jsonb - 'cookie' - w.removed end
                    || w.changed,
                p_cookie,
                r.expire
            );
            r.sid := w.new_sid;
            r.id := w.new_id;
            r.renewed_at := now();
            r.ip := w.ip;
            r.user_agent := w.user_agent;
            r.writes := null;
            insert into {table}
            select r.*
            on conflict (sid) do nothing;
        end if;

        asked := w.sid;
        sid := w.new_sid;
        id := r.id;
        created_at := extract(epoch from r.created_at);
        authenticated_at := extract(epoch from r.authenticated_at);
        expires_at := extract(epoch from r.expire);
        max_age := extract(epoch from r.expire - now() at time zone 'utc');
        taken := '{}';
        return next;
    end loop;
end;
$$;

-- Finish rotations whose outcome was not known: the old sid ends, if it has not. The copy under the
-- new sid is the session then, and gets its public id.
create function nestmap."{prefix}_settle"(p_rows jsonb)
returns void
language plpgsql
set enable_seqscan = off
as $$
declare
    w record;
    v_id text;
begin
    for w in
        select
            x.sid,
            x.new_sid,
            row_of.value as whole
        from jsonb_array_elements(p_rows) as row_of
        cross join jsonb_to_record(row_of.value) as x (sid varchar, new_sid varchar)
        order by x.sid collate "C"
    loop
        delete from {table} as s
        where s.sid = w.sid
        returning s.id into v_id;
        if found then
            update {table} as s
            set id = v_id
            where s.sid = w.new_sid;
            perform nestmap."{prefix}_rotated"(w.whole, v_id, w.whole ->> 'user_id');
        end if;
    end loop;
end;
$$;
