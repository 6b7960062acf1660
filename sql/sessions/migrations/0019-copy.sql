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
returns setof nestmap."{prefix}_written"
language plpgsql
set enable_seqscan = off
as $$
declare
    w nestmap."{prefix}_rotation";
    r {table};
begin
    for w in
        select *
        from jsonb_populate_recordset(null::nestmap."{prefix}_rotation", p_rows) as x
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

            if nestmap."{prefix}_is_late"(w.new_sid, w.until) then
                return next nestmap."{prefix}_late"(w.sid);
                continue;
            end if;

            r := nestmap."{prefix}_changed"(r, w, p_idle, p_absolute);
            r.sess := nestmap."{prefix}_document"(
                case when w.replaces then '{}' else r.sess::jsonb - 'cookie' - w.removed end
                    || w.changed,
                p_cookie,
                r.expire
            );
            r.id := w.new_id;
            r.writes := null;
            insert into {table}
            select r.*
            on conflict (sid) do nothing;
        end if;

        return next nestmap."{prefix}_written"(w.sid, r, p_absolute);
    end loop;
end;
$$;

-- Finish rotations whose outcome was not known: the old sid ends, if it has not. The copy under the
-- new sid is the session then, and gets its public id. If the session was ended meanwhile, by its id,
-- the copy ends for the same reason. This is sent several times: after the first one, or after the
-- rotation itself, the reason of the old sid is 'rotated', and the row under the new sid stays.
create function nestmap."{prefix}_settle"(p_rows jsonb)
returns void
language plpgsql
set enable_seqscan = off
as $$
declare
    w nestmap."{prefix}_rotation";
    v_before {table};
    r {table};
begin
    for w in
        select *
        from jsonb_populate_recordset(null::nestmap."{prefix}_rotation", p_rows) as x
        order by x.sid collate "C"
    loop
        delete from {table} as s
        where s.sid = w.sid
        returning s.* into v_before;
        if found then
            r := v_before;
            if w.signs_in then
                r.user_id := w.user_id;
                r.id := case when v_before.user_id <> w.user_id then w.new_id else v_before.id end;
            end if;
            update {table} as s
            set id = r.id
            where s.sid = w.new_sid;
            perform nestmap."{prefix}_rotated"(w, v_before, r);
        else
            with gone as (
                delete from {table} as s
                using nestmap."{prefix}_endings" as e
                where s.sid = w.new_sid
                  and s.id = w.new_id
                  and e.sid_hash = sha256(convert_to(w.sid, 'UTF8'))
                  and e.reason <> 'rotated'
                returning e.reason
            )
            insert into nestmap."{prefix}_endings" (sid_hash, reason)
            select
                sha256(convert_to(w.new_sid, 'UTF8')),
                gone.reason
            from gone
            on conflict (sid_hash) do nothing;
        end if;
    end loop;
end;
$$;
