-- lock: {table}
-- The table exactly as connect-pg-simple makes it; an existing one is kept.
create table if not exists {table} (
    "sid" varchar not null collate "default",
    "sess" json not null,
    "expire" timestamp(6) not null,                         -- in UTC
    constraint "{name}_pkey" primary key ("sid") not deferrable initially immediate
);

-- Our columns, added without rewriting the table. An Express server on the same table does not know
-- them, so each column is nullable or has a default.
alter table {table}
    add column id text,                                     -- public, not changed by a rotation
    add column created_at timestamptz not null default now(),
    add column authenticated_at timestamptz,                -- when the password was last given
    add column renewed_at timestamptz,                      -- last seen, to within "touch" seconds
    add column user_id text,
    add column user_version text,                           -- of the credentials, at the sign-in
    add column idle integer,                                -- own lifetimes (seconds); null: the site's
    add column absolute integer,
    add column ip inet,
    add column user_agent text,
    add column writes uuid[];                               -- names of changes that may come again

-- A volatile default in "add column" would rewrite the table.
alter table {table}
    alter column id set default left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 16);
