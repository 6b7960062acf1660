-- The accounts. An address is unique whatever its case.
create table users (
    id bigint generated always as identity constraint users_pkey primary key,
    email text not null,
    password_hash text not null,
    role text not null default 'user' constraint users_role_check check (role in ('user', 'admin')),
    created_at timestamptz not null default now(),
    disabled_at timestamptz
);

create unique index users_email_key on users (lower(email));
