-- The table that connect-pg-simple makes, to the letter; where there is one already, it stays.
create table if not exists "session" (
    "sid" varchar not null collate "default",
    "sess" json not null,
    "expire" timestamp(6) not null,
    constraint "session_pkey" primary key ("sid") not deferrable initially immediate
);

create index if not exists "IDX_session_expire" on "session" ("expire");
