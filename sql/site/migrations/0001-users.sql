-- The accounts. An address is unique whatever its case. The version of the credentials changes with
-- the password, and when the account is disabled or enabled: sessions of an older one are over.
create table nestmap.users (
    id bigint generated always as identity constraint users_pkey primary key,
    email text not null,
    password_hash text not null,
    role text not null default 'user' constraint users_role_check check (role in ('user', 'admin')),
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    disabled_at timestamptz
);

create unique index users_email_key on nestmap.users (lower(email));
