-- Insert p_write into the names of a row, which are in ascending order. The result has the names before
-- it, itself, and those after it. Names up to p_passed are dropped, since their changes can't come any
-- more, and of the others all but the last 63, which begin at the index "length - 62". width_bucket()
-- returns how many names are not after a name, by a binary search.
--
-- PostgreSQL inlines this: a subquery that sorts would take most of the time of a row in a large batch.
create function nestmap."{prefix}_names"(p_writes uuid[], p_write uuid, p_passed uuid)
returns uuid[]
language sql immutable parallel safe
return
    p_writes[
        greatest(width_bucket(p_passed, p_writes) + 1, cardinality(p_writes) - 62)
        : width_bucket(p_write, p_writes)
    ]
    || p_write
    || p_writes[width_bucket(p_write, p_writes) + 1 :];

-- Merge changes by key into live sessions. Never inserts: a session that was ended stays ended.
--
-- A row that is due is renewed: expire and renewed_at move, and the result has max_age for a cookie. Any
-- other change leaves expire as it is, so that it can be a HOT update, and has null for max_age. With
-- renews = false no cookie can be sent: renewed_at stays, so that the next request renews the row, and
-- expire moves alone, if that is by more than p_touch seconds (or half of the idle lifetime, if shorter).
--
-- It is a function because planning took a third of its time, and a function keeps its plan for as
-- long as the connection lasts, also behind PgBouncer. The plan must not depend on the size that the
-- table had when it was made: each row is found by the primary key, independent of the statistics.
-- Rows are locked in the order of their sids, so that two batches never deadlock.
--
-- A change is made once, even if it is sent repeatedly and in any order: the row has the names of the
-- last changes. It is made in time or not at all: the deadline is checked after the row is locked. A
-- name begins with its deadline, so changes with names before p_passed can no longer be made. A row is
-- returned with its sid if it contains the change, from this or an earlier attempt; with null for the
-- sid if the change was late; not at all if the session has ended.
create function nestmap."{prefix}_update"(
    p_rows jsonb,
    p_idle integer,
    p_absolute integer,
    p_touch integer,
    p_cookie jsonb,
    p_passed uuid
)
returns setof nestmap."{prefix}_written"
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
    v_written bigint;
begin
    return query
        with wanted as materialized (
            select *
            from jsonb_to_recordset(p_rows) as r (
                sid varchar,
                write uuid,
                until float8,
                changed jsonb,
                removed text[],
                replaces boolean,
                renews boolean,
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
                w.renews and nestmap."{prefix}_is_due"(s, p_idle, p_touch) as is_due,
                not w.renews
                    and nestmap."{prefix}_renewed"(s, p_idle, p_absolute) - s.expire
                    > make_interval(secs => least(p_touch, coalesce(s.idle, p_idle) / 2.0))
                    as only_moves,
                nestmap."{prefix}_renewed"(s, p_idle, p_absolute) as renewed
            from wanted as w
            join {table} as s on s.sid = w.sid
            where nestmap."{prefix}_is_live"(s, p_absolute)
            order by s.sid collate "C"
            for update of s
        )
        update {table} as s
        set sess = case
                -- A row of another program may lack the object that Express expects; it is added.
                when w.is_due or w.only_moves or jsonb_typeof(w.cookie) is distinct from 'object'
                then nestmap."{prefix}_document"(w.data, p_cookie, w.renewed)
                else (w.data || jsonb_build_object('cookie', w.cookie))::json
            end,
            expire = case when w.is_due or w.only_moves then w.renewed else s.expire end,
            renewed_at = case when w.is_due then now() else s.renewed_at end,
            ip = w.ip,
            user_agent = w.user_agent,
            writes = nestmap."{prefix}_names"(s.writes, w.write, p_passed)
        from locked as w
        where s.sid = w.sid
          -- The clock is read here, after the lock is acquired. The select list above is computed before
          -- that, and again only if the row has changed meanwhile: right for the data, not for the clock.
          and w.until > extract(epoch from clock_timestamp())::float8
          and (
              s.writes is null
              or (
                  w.write <> all (s.writes)
                  -- The row keeps 64 names: an older one may have been pushed out, so it is late.
                  and (cardinality(s.writes) < 64 or w.write > s.writes[1])
              )
          )
        returning (nestmap."{prefix}_written"(w.sid, s, p_absolute, p_is_renewed => w.is_due)).*;

    get diagnostics v_written = row_count;
    if v_written < jsonb_array_length(p_rows) then
        -- Say of each live row if it has its change. This returns the written rows a second time, and
        -- the program keeps the first: only that one says if the row was renewed.
        return query
            select (case
                when w.write = any(s.writes)
                then nestmap."{prefix}_written"(w.sid, s, p_absolute, p_is_renewed => false)
                else nestmap."{prefix}_late"(w.sid)
            end).*
            from jsonb_to_recordset(p_rows) as w (sid varchar, write uuid)
            join {table} as s on s.sid = w.sid
            where nestmap."{prefix}_is_live"(s, p_absolute);
    end if;
end;
$$;
