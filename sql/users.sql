-- name: insert_user(email, password_hash, role)
-- Make an account, unless the address is taken.
insert into users (email, password_hash, role)
values (:email, :password_hash, :role)
on conflict (lower(email)) do nothing
returning id, email, role;

-- name: find_user(email)
-- The account that may sign in under this address.
select id, email, role, password_hash
from users
where lower(email) = lower(:email)
  and disabled_at is null;

-- name: set_password_hash(id, password_hash)!
-- Keep a hash that was made with today's parameters.
update users
set password_hash = :password_hash
where id = :id;

-- name: find_administrator()
-- Anyone who is an administrator.
select id
from users
where role = 'admin'
limit 1;
