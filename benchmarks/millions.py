"""Makes a session table of millions of rows, with their users and a history."""

from pathlib import Path

from benchmarks.database import Cluster
from benchmarks.progress import say
from benchmarks.server import running
from benchmarks.sides import NESTMAP

MILLION = 1_000_000
BATCH = 500_000

# Like a real table: two of five are signed in, a quarter is expired, and users have several sessions.
_USERS = """
INSERT INTO nestmap.users (email, password_hash)
SELECT 'person-' || n || '@example-' || n %% 1000 || '.org', ''
  FROM generate_series(%s::int, %s::int) AS n
"""
_SESSIONS = """
INSERT INTO session (
       sid, sess, expire, created_at, authenticated_at, renewed_at, user_id, user_version, ip,
       user_agent)
SELECT translate(encode(sha256(('sid' || n)::bytea), 'base64'), '+/=', '-_'),
       json_build_object(
           'cookie', json_build_object('originalMaxAge', 43200000, 'path', '/', 'httpOnly', true),
           'place:' || n, json_build_object('name', 'A place', 'note', repeat('n', n %% 200))),
       (now() AT TIME ZONE 'utc') + interval '12 hours' - age * 4 / 3,
       now() - age - interval '1 minute',
       CASE WHEN n %% 5 < 2 THEN now() - age END,
       now() - age,
       CASE WHEN n %% 5 < 2 THEN (1 + n %% %s)::text END,
       CASE WHEN n %% 5 < 2 THEN '1' END,
       inet '10.0.0.0' + (n::bigint * 7919) %% 4000000,
       'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  FROM generate_series(%s::int, %s::int) AS n,
       LATERAL (SELECT interval '12 hours' * random() * (n / n) AS age) AS a
"""
_HISTORY = """
INSERT INTO nestmap.session_samples
SELECT seconds, at, 1000 + 100 * sin(n / 40.0), 800, 300, 250, 1000000, 20, 5, 3, 9,
       '{"sign_in_failed": 2}'::jsonb, 0
  FROM (SELECT 60 AS seconds, n, date_trunc('minute', now()) - n * interval '1 minute' AS at
          FROM generate_series(1, 2880) AS n
         UNION ALL
        SELECT 3600, n, date_trunc('hour', now()) - n * interval '1 hour'
          FROM generate_series(49, 9600) AS n) AS s
    ON CONFLICT DO NOTHING
"""
_INDEXES = """
SELECT indexdef FROM pg_indexes
 WHERE tablename = 'session' AND schemaname = 'public' AND indexname <> 'session_pkey'
"""


def made(postgresql: Cluster, folder: Path, database: str, sessions: int) -> None:
    """Make the database and fill it with sessions, unless it exists from an earlier run."""
    if postgresql.exists(database):
        return
    postgresql.create(database)
    with running(NESTMAP, postgresql.url(database), folder):
        say("the tables are made")
    _fill(postgresql, database, sessions)


def _fill(postgresql: Cluster, database: str, sessions: int) -> None:
    """Fill the migrated tables; the indexes are rebuilt afterwards."""
    users = max(sessions * 3 // 20, 1)
    say(f"{users:,} users")
    for first in range(1, users + 1, BATCH):
        postgresql.execute(database, _USERS, first, min(first + BATCH - 1, users))
    indexes = [row[0] for row in postgresql.all(database, _INDEXES)]
    for definition in indexes:
        name = definition.split(" ON ")[0].split(" INDEX ")[1]
        postgresql.execute(database, f"DROP INDEX {name}")
    for first in range(1, sessions + 1, BATCH):
        last = min(first + BATCH - 1, sessions)
        postgresql.execute(database, _SESSIONS, users, first, last)
        say(f"{last:,} sessions")
    for definition in indexes:
        say(definition.split(" ON ")[0])
        postgresql.execute(database, definition)
    postgresql.execute(database, _HISTORY)
    postgresql.settle(database)
    postgresql.execute(database, "VACUUM ANALYZE nestmap.users")
