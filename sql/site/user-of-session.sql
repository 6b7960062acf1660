-- Find the user of a session, unless the account is disabled; it runs with each load of a session.
select
    u.id,
    u.email,
    u.role,
    u.version,
    u.must_change
from nestmap.users as u
where u.id = :user_id::bigint
  and u.disabled_at is null
