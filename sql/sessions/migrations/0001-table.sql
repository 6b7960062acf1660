-- The table exactly as connect-pg-simple makes it; an existing one is kept. The other columns are added
-- by 0003-columns.sql.
create table if not exists {table} (
    "sid" varchar not null collate "default",
    "sess" json not null,
    "expire" timestamp(6) not null,
    constraint "{name}_pkey" primary key ("sid") not deferrable initially immediate
);
