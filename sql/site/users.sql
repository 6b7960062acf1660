-- name: insert_user(email, password_hash, role)
-- Make an account, unless the address is taken.
insert into nestmap.users (email, password_hash, role)
values (:email, :password_hash, :role)
on conflict (lower(email)) do nothing
returning id, email, role, version;

-- name: find_user(email)
-- The account that may sign in under this address.
select id, email, role, version, password_hash
from nestmap.users
where lower(email) = lower(:email)
  and disabled_at is null;

-- name: set_password_hash(id, password_hash)!
-- Keep a hash that was made with today's parameters.
update nestmap.users
set password_hash = :password_hash
where id = :id;

-- name: find_administrator()
-- Anyone who is an administrator.
select id
from nestmap.users
where role = 'admin'
limit 1;

-- name: find_users(ids)
-- Accounts by their ids, also disabled ones.
select
    id,
    email,
    role,
    version
from nestmap.users
where id = any(:ids::bigint[]);
