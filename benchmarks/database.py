"""The PostgreSQL of a run: one embedded server with default settings and a database per side."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from benchmarks.server import cpu_seconds
from nestmap.embedded import EmbeddedPostgres

# Backends of PostgreSQL report their counts after at most 10 s without a statement.
COUNTS_SETTLE_SECONDS = 11.0

_FILL = """
INSERT INTO session (sid, sess, expire)
SELECT replace(gen_random_uuid()::text, '-', ''),
       (SELECT sess FROM session LIMIT 1),
       (now() AT TIME ZONE 'utc') + interval '12 hours'
  FROM generate_series(1, %s)
"""
_COPY_LARGEST = """
UPDATE session
   SET sess = (SELECT sess FROM session ORDER BY length(sess::text) DESC LIMIT 1)
"""


class Cluster:
    """A running PostgreSQL."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server = server
        self._folder = folder

    def url(self, database: str) -> str:
        return self._server.url.replace("/postgres?", f"/{database}?")

    def version(self) -> str:
        return str(self._one("postgres", "SHOW server_version")).split()[0]

    def restart(self) -> None:
        """Stop it, also with open connections, and start it again."""
        self._server.stop()
        self._server.start()

    def cpu_seconds(self) -> float:
        """Return the CPU time of PostgreSQL so far."""
        (pid_file,) = self._folder.rglob("postmaster.pid")
        return cpu_seconds(int(pid_file.read_text(encoding="ascii").splitlines()[0]))

    def create(self, database: str) -> None:
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def transactions(self, database: str) -> int:
        """Return the number of transactions so far, exact after COUNTS_SETTLE_SECONDS without a statement.

        The embedded server has no pg_stat_statements. Neither side opens a transaction block in
        these requests, so a transaction is one round trip; a `SET LOCAL` in the same string as its
        statement is not counted separately.
        """
        text = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        return int(self._one("postgres", text, database))

    def rows(self, database: str) -> int:
        return int(self._one(database, "SELECT count(*) FROM session"))

    def fill(self, database: str, rows: int) -> None:
        """Add unused sessions until the table has `rows` of them."""
        self.execute(database, _FILL, rows - self.rows(database))
        self.settle(database)

    def copy_largest(self, database: str) -> int:
        """Copy the data of the largest session into all sessions; return its bytes."""
        self.execute(database, _COPY_LARGEST)
        self.settle(database)
        return int(self._one(database, "SELECT max(octet_length(sess::text)) FROM session"))

    def settle(self, database: str) -> None:
        """Vacuum, analyze and checkpoint now, not in the middle of a measurement."""
        self.execute(database, "VACUUM ANALYZE session")
        self.execute(database, "CHECKPOINT")

    def exists(self, database: str) -> bool:
        """True if there is a database of this name."""
        text = "SELECT count(*) FROM pg_database WHERE datname = %s"
        return bool(self._one("postgres", text, database))

    def execute(self, database: str, text: str | sql.Composable, *values: object) -> None:
        """Run a statement; ten minutes are the most that it may take."""
        with closing(psycopg2.connect(self.url(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '10min'")
                cursor.execute(text, values or None)

    def all(self, database: str, text: str) -> list[Any]:
        """Every row of the result of a statement."""
        with closing(psycopg2.connect(self.url(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall()

    def _one(self, database: str, text: str, *values: object) -> Any:
        with closing(psycopg2.connect(self.url(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text, values or None)
                row = cursor.fetchone()
        return row[0] if row else None


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a PostgreSQL with its data in `folder` until the block ends."""
    server = EmbeddedPostgres(folder)
    try:
        server.start()
        yield Cluster(server, folder)
    finally:
        server.stop()
