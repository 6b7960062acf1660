-- What is ours is added; an Express server that shares the table goes on without seeing it.
alter table session
    add column created_at timestamptz not null default now(),
    add column authenticated_at timestamptz,
    add column user_id bigint,
    add column ip inet,
    add column user_agent text,
    add constraint session_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade;

create index session_user_id_idx on session (user_id) where user_id is not null;
