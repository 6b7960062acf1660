-- Return the actor of a change of a session, for its event.
create function nestmap."{prefix}_source"(p_actor_id text, p_ip inet, p_user_agent text)
returns jsonb
language sql stable parallel safe
return jsonb_build_object(
    'actor_id', p_actor_id, 'ip', host(p_ip), 'user_agent', p_user_agent
);

-- End the least recently used sessions of a user who has more than p_most (null: any number), but
-- not p_keep, which was just signed in. A locked session is in use and is kept.
create function nestmap."{prefix}_cap"(
    p_user_id text,
    p_keep text,
    p_most integer,
    p_source jsonb
)
returns void
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
    v_ids text[];
begin
    if p_most is null then
        return;
    end if;
    select array_agg(locked.id)
    into v_ids
    from (
        select s.id
        from {table} as s
        where s.id = any(array(
            select o.id
            from {table} as o
            where o.user_id = p_user_id
              and o.id <> p_keep
            order by coalesce(o.renewed_at, o.created_at) desc
            offset p_most - 1
        ))
        order by s.sid collate "C"
        for update of s skip locked
    ) as locked;
    perform nestmap."{prefix}_end_each"(v_ids, 'over the cap', p_source);
end;
$$;
