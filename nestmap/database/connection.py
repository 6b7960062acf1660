"""The one file that knows the driver, aiopg 1.4.0 over psycopg2, and its quirks.

Each quirk is described beside the line that it decides. They were measured on aiopg 1.4.0, which is
pinned.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import aiopg
import psycopg2
import psycopg2.extensions

from nestmap.database.errors import DatabaseError, Locked, ReadOnly, Refused, TimedOut, Unavailable
from nestmap.database.hosts import ConnectionParameters

Row = tuple[Any, ...]
Parameters = Mapping[str, Any] | None

# Classes of SQLSTATE that speak of the server or of the moment, not of the statement: connection,
# rollback (deadlock, serialization), resources, operator intervention, system.
TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "58")


class Result(NamedTuple):
    """What one statement gave: its rows, and how many rows it returned or changed."""

    rows: list[Row]
    affected: int
    description: Any

    def by_name(self) -> list[dict[str, Any]]:
        """Return each row with its values by column name."""
        names = [column.name for column in self.description or ()]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class _RawConnection(aiopg.Connection):  # type: ignore[misc]  # untyped
    """Forgets a descriptor that libpq has closed.

    When a connect fails while aiopg watches its socket for writing, aiopg suppresses the error of
    the dead descriptor before it forgets its number. Later it removes the reader of the connection
    that has that number by then: a client of the site, whose response is lost.
    """

    @staticmethod
    def _ready(weak_self: Any) -> None:
        aiopg.Connection._ready(weak_self)
        raw = weak_self()
        if raw is None or raw._fileno is None or raw._fileno == _descriptor(raw.raw):
            return
        for forget in (raw._loop.remove_reader, raw._loop.remove_writer):
            with suppress(OSError):
                forget(raw._fileno)
        raw._fileno = None


def ignore_cancelled_statements(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle the loop's exceptions, except for those that aiopg reports of cancelled statements.

    The sender of the statement gets a TimedOut; a traceback in the log beside it adds nothing.
    """
    if not isinstance(context.get("exception"), psycopg2.extensions.QueryCanceledError):
        loop.default_exception_handler(context)


def _descriptor(connection: Any) -> int:
    try:
        return int(connection.fileno())
    except psycopg2.Error:
        return -1


class Connection:
    """One connection to one server, in autocommit, running one statement at a time."""

    def __init__(self, raw: Any, cursor: Any, generation: int) -> None:
        self._raw = raw
        self._cursor = cursor
        self.generation = generation
        self.opened = time.monotonic()

    @classmethod
    async def open(
        cls, parameters: ConnectionParameters, limit: float, generation: int
    ) -> "Connection":
        """Connect within ``limit`` seconds, or raise Unavailable or TimedOut."""
        try:
            # The catalogue queries that aiopg makes for these three are a round trip each.
            raw = await _RawConnection(
                None, limit, enable_json=False, enable_hstore=False, enable_uuid=False, **parameters
            )
            return cls(raw, await raw.cursor(), generation)
        except (Exception, asyncio.CancelledError) as error:
            raise _translated(error, lost=True) from None

    @property
    def closed(self) -> bool:
        """True if the connection is gone. An idle one notices a restart of the server by itself."""
        return bool(self._raw.closed)

    def close(self) -> None:
        """Close at once. A statement that is running goes on at the server."""
        self._raw.close()

    async def run(self, sql: str, parameters: Parameters, limit: float) -> Result:
        """Run one statement within ``limit`` seconds and return its result.

        Raises a DatabaseError. After TimedOut or Unavailable the connection may be closed.
        """
        cursor = self._cursor
        try:
            await cursor.execute(sql, parameters, timeout=limit)
            description = cursor.description
            rows = await cursor.fetchall() if description else []
            return Result(rows, int(cursor.rowcount), description)
        except (Exception, asyncio.CancelledError) as error:
            # Decide by the connection, not by the SQLSTATE: a restart leaves pgcode empty.
            raise _translated(error, lost=self.closed) from None


def _translated(error: BaseException, *, lost: bool) -> BaseException:
    """Return the error to raise instead. Its message never holds the statement or parameters."""
    match error:
        case asyncio.CancelledError():
            # aiopg raises CancelledError for a statement that the *server* cancelled
            # (statement_timeout, pg_cancel_backend). Only a real cancellation counts in cancelling().
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return error
            return TimedOut("the statement was cancelled by the server")
        case TimeoutError():
            return TimedOut("the database did not answer in time")
        case psycopg2.Error():
            return _of_psycopg2(error, lost=lost)
        case ValueError():
            # A NUL or a lone surrogate in a parameter: refused before anything is sent.
            return Refused("", "a parameter can't be sent to PostgreSQL")
        case OSError():
            return Unavailable(type(error).__name__)
    return error


def _of_psycopg2(error: psycopg2.Error, *, lost: bool) -> DatabaseError:
    sqlstate = error.pgcode or ""
    message = error.diag.message_primary or type(error).__name__
    if sqlstate == "25006":
        return ReadOnly(message)
    if sqlstate == "55P03":
        return Locked(message)
    if sqlstate == "57014":
        return TimedOut(message)
    if (
        lost
        or sqlstate.startswith(TRANSIENT_SQLSTATES)
        or isinstance(error, psycopg2.InterfaceError)
    ):
        return Unavailable(f"{sqlstate} {message}".strip())
    return Refused(sqlstate, message)
