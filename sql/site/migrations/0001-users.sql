-- The accounts. Addresses are unique without regard to case. The version changes when the password does
-- and when the account is disabled or enabled; a session of another version is no longer valid.
create table nestmap.users (
    id bigint generated always as identity constraint users_pkey primary key,
    email text not null,
    password_hash text not null,
    role text not null default 'user' constraint users_role_check check (role in ('user', 'admin')),
    version bigint not null default 1,
    must_change boolean not null default false,
    created_at timestamptz not null default now(),
    password_changed_at timestamptz not null default now(),
    signed_in_at timestamptz,
    disabled_at timestamptz
);

create unique index users_email_key on nestmap.users (lower(email));

-- To find accounts by the beginning of an address, and by its end: its domain.
create index users_email_beginning_idx on nestmap.users ((lower(email) collate "C"));
create index users_email_end_idx on nestmap.users ((reverse(lower(email)) collate "C"));

-- Few accounts have the role, and each change of a role looks for another one that has it.
create index users_administrators_idx
    on nestmap.users (id)
    where role = 'admin' and disabled_at is null;

-- How far the versions of all accounts were changed, for a repetition after a run that was cut.
create table nestmap.versions_changed (
    one boolean default true constraint versions_changed_pkey primary key
        constraint versions_changed_one_check check (one),
    last_id bigint not null
);

-- What lists show of an account.
create view nestmap.listed_users as
select
    id,
    email,
    role,
    created_at,
    signed_in_at,
    password_changed_at,
    disabled_at,
    must_change
from nestmap.users;
