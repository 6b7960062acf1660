-- The table that connect-pg-simple makes, to the letter; where there is one already, it stays.
create table if not exists {table} (
    "sid" varchar not null collate "default",
    "sess" json not null,
    "expire" timestamp(6) not null,
    constraint "{name}_pkey" primary key ("sid") not deferrable initially immediate
);
