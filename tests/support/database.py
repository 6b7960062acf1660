"""Direct access of a test to a database, past the site."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import psycopg2.extras

from tests.support.waiting import wait_until


class Database:
    """One database; rows are named tuples, each statement is its own transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: psycopg2.extensions.connection | None = None

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.removeprefix("/")

    @property
    def serving_url(self) -> str:
        """The address of this database for the role that serves."""
        parts = urlsplit(self.url)
        place = f"{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=f"nestmap_serving:{parts.password}@{place}"))

    def url_at(self, port: int) -> str:
        """Return the address of this database through a relay on `port`."""
        parts = urlsplit(self.url)
        return urlunsplit(
            parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}")
        )

    def all(self, sql: str, *parameters: object) -> list[Any]:
        with self._cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

    def one(self, sql: str, *parameters: object) -> Any:
        (row,) = self.all(sql, *parameters)
        return row

    def value(self, sql: str, *parameters: object) -> Any:
        return self.one(sql, *parameters)[0]

    def execute(self, sql: str, *parameters: object) -> int:
        """Run a statement and return the number of rows that it affected."""
        with self._cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.rowcount

    @contextmanager
    def transaction(self, sql: str, *parameters: object) -> Iterator[None]:
        """Keep a transaction and its locks open until the block ends; then roll it back."""
        holder = psycopg2.connect(self.url)
        try:
            with holder.cursor() as cursor:
                cursor.execute(sql, parameters or None)
            yield
        finally:
            holder.close()

    def wait_for_blocked(self, count: int = 1) -> None:
        """Wait until `count` statements in this database wait for a lock."""
        wait_until(
            lambda: (
                self.value(
                    "select count(*) from pg_stat_activity"
                    " where datname = current_database() and wait_event_type = 'Lock'"
                )
                >= count
            ),
            f"{count} statements waiting for a lock",
        )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        if self._connection is None or self._connection.closed:
            # A test that waits for a lock of its own fails instead of hanging.
            self._connection = psycopg2.connect(self.url, options="-c statement_timeout=20s")
            self._connection.autocommit = True
        cursor_factory = psycopg2.extras.NamedTupleCursor
        with self._connection.cursor(cursor_factory=cursor_factory) as cursor:
            yield cursor
