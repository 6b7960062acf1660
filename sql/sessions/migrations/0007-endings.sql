-- The reasons of ended sessions, kept for a day. The sid itself is not stored.
create table nestmap."{prefix}_endings" (
    sid_hash bytea constraint "{prefix}_endings_pkey" primary key,
    reason text not null,
    ended_at timestamptz not null default now()
);

create index "{prefix}_endings_ended_at" on nestmap."{prefix}_endings" (ended_at);
