-- The accounts. A statement that changes one also adds its event (:event, a JSON object), so that
-- both are committed or neither. The version decides which sessions of an account are valid.

-- name: insert_user(email, password_hash, role, must_change, by_itself, event)
-- Make an account, unless the address is taken; :by_itself is true for a registration, which signs in.
with made as (
    insert into nestmap.users (email, password_hash, role, must_change, signed_in_at)
    values (:email, :password_hash, :role, :must_change, case when :by_itself then now() end)
    on conflict (lower(email)) do nothing
    returning id, email, role, version, must_change
)
select
    made.*,
    nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'registered',
        'user_id', made.id::text,
        'actor_id', case when :by_itself then made.id::text end
    ))
from made;

-- name: find_user(email, network)
-- Find the account for a sign-in with this address, and if it is known in this network.
select *
from nestmap.users_in_network(:network)
where lower(email) = lower(:email);

-- name: note_sign_in(id)!
-- Store the time of the last sign-in.
update nestmap.users
set signed_in_at = now()
where id = :id;

-- name: set_password_hash(id, old_hash, password_hash)!
-- Store a hash of the same password with other parameters.
update nestmap.users
set password_hash = :password_hash
where id = :id
  and password_hash = :old_hash;

-- name: change_password(id, version, password_hash, must_change, event)
-- Change the password, unless the version is no longer :version (null: any version).
with changed as (
    update nestmap.users
    set password_hash = :password_hash,
        must_change = :must_change,
        password_changed_at = now(),
        version = version + 1
    where id = :id
      and (:version::bigint is null or version = :version)
    returning id, email, role, version, must_change
)
select
    changed.*,
    nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'password_changed', 'user_id', changed.id::text
    ))
from changed;

-- name: bump_version(id, event)
-- Invalidate all sessions of an account.
with changed as (
    update nestmap.users
    set version = version + 1
    where id = :id
    returning id, email, role, version, must_change
)
select
    changed.*,
    nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'sessions_ended', 'user_id', changed.id::text
    ))
from changed;

-- name: bump_versions(after, until, most)
-- Invalidate all sessions of some accounts, in the order of their ids, and store the last of them.
with changed as (
    update nestmap.users
    set version = version + 1
    where id = any(array(
        select u.id
        from nestmap.users as u
        where u.id > :after
          and u.id <= :until
        order by u.id
        limit :most
    ))
    returning id
),
noted as (
    insert into nestmap.versions_changed (last_id)
    select max(changed.id)
    from changed
    having count(*) > 0
    on conflict (one) do update set last_id = excluded.last_id
)
select changed.id
from changed;

-- name: last_changed_version()
-- Find the last account that a run through all accounts changed before it was cut.
select last_id
from nestmap.versions_changed;

-- name: all_versions_changed()!
-- Note that a run through all accounts is complete.
delete from nestmap.versions_changed;

-- name: note_all_sessions_ended(event)
-- Add the event for ending all sessions of all accounts; details has the state, begun or done.
select nestmap.add_event(:event::jsonb || jsonb_build_object('kind', 'all_sessions_ended'));

-- name: set_role(id, role, event)
-- Set the role of an account, unless no administrator would be left. Administrators are locked in the
-- order of their ids, and one that was demoted meanwhile is not counted: of two who demote each other
-- at once, the second is refused. Returns the account before the change and if it was changed; no row
-- for an unknown account.
with administrators as materialized (
    select a.id
    from nestmap.users as a
    where a.role = 'admin'
      and a.disabled_at is null
    order by a.id
    for update of a
),
target as materialized (
    select u.id, u.email, u.role, u.version, u.must_change
    from nestmap.users as u
    where u.id = :id
),
changed as (
    update nestmap.users as u
    set role = :role
    where u.id = :id
      and u.role <> :role
      and (:role = 'admin' or exists (select from administrators as a where a.id <> u.id)
           or u.disabled_at is not null)
    returning u.id, u.role
),
noted as materialized (
    select nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'role_changed',
        'user_id', changed.id::text,
        'details',
        coalesce(:event::jsonb -> 'details', jsonb_build_object())
            || jsonb_build_object('role', changed.role)
    ))
    from changed
)
select
    t.id,
    t.email,
    coalesce(changed.role, t.role),
    t.version,
    t.must_change,
    changed.id is not null or t.role = :role,
    (select count(*) from noted)
from target as t
left join changed on changed.id = t.id;

-- name: disable_user(id, event)
-- Disable an account, which invalidates its sessions; refused for the last administrator.
with administrators as materialized (
    select a.id
    from nestmap.users as a
    where a.role = 'admin'
      and a.disabled_at is null
    order by a.id
    for update of a
),
target as materialized (
    select u.id, u.email, u.role, u.version, u.must_change, u.disabled_at
    from nestmap.users as u
    where u.id = :id
),
changed as (
    update nestmap.users as u
    set disabled_at = now(),
        version = u.version + 1
    where u.id = :id
      and u.disabled_at is null
      and (u.role <> 'admin' or exists (select from administrators as a where a.id <> u.id))
    returning u.id, u.version
),
noted as materialized (
    select nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'disabled', 'user_id', changed.id::text
    ))
    from changed
)
select
    t.id,
    t.email,
    t.role,
    coalesce(changed.version, t.version),
    t.must_change,
    changed.id is not null or t.disabled_at is not null,
    (select count(*) from noted)
from target as t
left join changed on changed.id = t.id;

-- name: enable_user(id, event)
-- Enable an account again; old sessions stay invalid.
with target as materialized (
    select u.id, u.email, u.role, u.version, u.must_change
    from nestmap.users as u
    where u.id = :id
),
changed as (
    update nestmap.users as u
    set disabled_at = null,
        version = u.version + 1
    where u.id = :id
      and u.disabled_at is not null
    returning u.id, u.version
),
noted as materialized (
    select nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'enabled', 'user_id', changed.id::text
    ))
    from changed
)
select
    t.id,
    t.email,
    t.role,
    coalesce(changed.version, t.version),
    t.must_change,
    true,
    (select count(*) from noted)
from target as t
left join changed on changed.id = t.id;

-- name: delete_user(id, version, event)
-- Delete an account with its data; refused for the last administrator. The event has the id and no
-- address.
with administrators as materialized (
    select a.id
    from nestmap.users as a
    where a.role = 'admin'
      and a.disabled_at is null
    order by a.id
    for update of a
),
target as materialized (
    select u.id, u.email, u.role, u.version, u.must_change
    from nestmap.users as u
    where u.id = :id
      and (:version::bigint is null or u.version = :version)
),
deleted as (
    delete from nestmap.users as u
    where u.id = :id
      and (:version::bigint is null or u.version = :version)
      and (
          u.role <> 'admin'
          or u.disabled_at is not null
          or exists (select from administrators as a where a.id <> u.id)
      )
    returning u.id
),
noted as materialized (
    select nestmap.add_event(:event::jsonb || jsonb_build_object(
        'kind', 'deleted', 'user_id', deleted.id::text
    ))
    from deleted
)
select
    t.id,
    t.email,
    t.role,
    t.version,
    t.must_change,
    deleted.id is not null,
    (select count(*) from noted)
from target as t
left join deleted on deleted.id = t.id;

-- name: find_administrator()
-- Find an administrator.
select id
from nestmap.users
where role = 'admin'
limit 1;

-- name: find_user_id(email)
-- Find the account with this address, also a disabled one.
select id
from nestmap.users
where lower(email) = lower(:email);

-- name: password_of(id, network)
-- Find the data to check the password of a signed-in user.
select *
from nestmap.users_in_network(:network)
where id = :id;

-- name: list_users(after, most)
-- List accounts in the order of their ids, after the id :after.
select *
from nestmap.listed_users
where id > :after
order by id
limit :most;

-- name: users_by_beginning(pattern, after, most)
-- List accounts whose address has this beginning, ordered by address, after the address :after.
select *
from nestmap.listed_users
where lower(email) collate "C" like lower(:pattern)
  and lower(email) collate "C" > lower(:after)
order by lower(email) collate "C"
limit :most;

-- name: users_by_end(pattern, after, most)
-- List accounts whose reversed address has this beginning: those of one domain.
select *
from nestmap.listed_users
where reverse(lower(email)) collate "C" like :pattern
  and reverse(lower(email)) collate "C" > reverse(lower(:after))
order by reverse(lower(email)) collate "C"
limit :most;

-- name: find_listed_user(id)
-- Find one account, with the columns of a list.
select *
from nestmap.listed_users
where id = :id;

-- name: find_users(ids)
-- Find accounts by their ids, also disabled ones.
select
    id,
    email,
    role,
    version,
    must_change
from nestmap.users
where id = any(:ids::bigint[]);
