-- The rights of a role that serves: exactly what the site needs, and nothing that changes the tables
-- or the record of events. Run it with psql as the role that owns the tables, after each
-- `python -m nestmap migrate`:
--
--     create role nestmap_serving login;           -- once, with a password
--     psql -v serving=nestmap_serving -f sql/roles.sql <database>
--
-- Then DATABASE_URL of the site names nestmap_serving, and that of `migrate` the owner.

\set ON_ERROR_STOP on
\if :{?serving}
\else
    \set serving nestmap_serving
\endif

begin;

revoke all on all tables in schema nestmap from :"serving";
revoke all on all functions in schema nestmap from public, :"serving";
revoke create on schema public from public;

grant usage on schema public, nestmap to :"serving";
grant select, insert, update, delete on public.session to :"serving";
grant select, insert, update, delete on
    nestmap.users,
    nestmap.versions_changed,
    nestmap.places,
    nestmap.throttle,
    nestmap.known_networks,
    nestmap.session_endings,
    nestmap.session_samples
to :"serving";
grant select on nestmap.migrations, nestmap.listed_users to :"serving";

-- Events are added and read, never changed; their number and time are PostgreSQL's.
grant select on nestmap.events, nestmap.event_seals, nestmap.unsealed_events to :"serving";
grant insert (kind, user_id, actor_id, session_id, ip, user_agent, details)
    on nestmap.events to :"serving";

-- Sealing and pruning run with the rights of their owner. Pruning never deletes events younger than
-- 30 days.
grant execute on all functions in schema nestmap to :"serving";
revoke execute on function nestmap.queue_events() from public, :"serving";

commit;
