"""The one file that knows the driver, aiopg 1.4.0 over psycopg2, and its quirks.

Each quirk is described beside the line that it decides. They were measured on aiopg 1.4.0, which is
pinned.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import aiopg
import psycopg2
import psycopg2.extensions

from nestmap.database.errors import DatabaseError, Locked, ReadOnly, Refused, TimedOut, Unavailable
from nestmap.database.hosts import ConnectionParameters, describe

Row = tuple[Any, ...]
Parameters = Mapping[str, Any] | None

# Classes of SQLSTATE that speak of the server or of the moment, not of the statement: connection,
# rollback (deadlock, serialization), resources, operator intervention, system.
TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "58")

# libpq says where it failed in its own words; we say it in ours.
LIBPQ_PREFIX = re.compile(r"connection to server (at|on) .*? failed: |FATAL: ")


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
    """Watches the descriptor in our own way, in place of aiopg's, which has two faults.

    When libpq reports an error, aiopg calls select() on the descriptor. That raises ValueError from
    descriptor 1,024 on, and then the caller that waits for the statement is never told.

    When a connect fails while aiopg watches the socket for writing, aiopg suppresses the error of
    the dead descriptor before it forgets its number. Later it removes the reader of the connection
    that has that number by then: a client of the site, whose response is lost.
    """

    _fileno: int | None
    _writing: bool

    @staticmethod
    def _ready(weak_self: Any) -> None:
        raw = weak_self()
        if raw is None:
            return
        waiter = raw._waiter
        state, failure = None, None
        try:
            state = raw.raw.poll()
        except (psycopg2.Warning, psycopg2.Error) as error:
            failure = error
        if not raw._watch(writing=state == psycopg2.extensions.POLL_WRITE) and failure is None:
            failure = psycopg2.OperationalError("the connection was closed")
        if waiter is None or waiter.done():
            return
        if failure is not None:
            waiter.set_exception(failure)
        elif state == psycopg2.extensions.POLL_OK:
            waiter.set_result(None)

    def _watch(self, *, writing: bool) -> bool:
        """Watch for reading, and for writing if asked to. Return False if the socket is gone."""
        loop, descriptor = self._loop, self._fileno
        if descriptor is None:
            return False
        if descriptor != _descriptor(self.raw):
            for forget in (loop.remove_reader, loop.remove_writer):
                with suppress(OSError):
                    forget(descriptor)
            self._fileno, self._writing = None, False
            return False
        if writing and not self._writing:
            loop.add_writer(descriptor, self._ready, self._weakref)
        elif self._writing and not writing:
            loop.remove_writer(descriptor)
        self._writing = writing
        return True


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
        self.round_trip = 0.0
        self.prefix = ""

    @classmethod
    async def open(
        cls, parameters: ConnectionParameters, limit: float, generation: int
    ) -> "Connection":
        """Connect within ``limit`` seconds, or raise Unavailable with libpq's reason."""
        raw = None
        try:
            async with asyncio.timeout(limit):
                # The catalogue queries that aiopg makes for these three are a round trip each.
                raw = await _RawConnection(
                    None,
                    limit,
                    enable_json=False,
                    enable_hstore=False,
                    enable_uuid=False,
                    **parameters,
                )
                connection = cls(raw, await raw.cursor(), generation)
                await connection._prepare(limit)
                return connection
        except (Exception, asyncio.CancelledError) as error:
            if raw is not None:
                raw.close()
            if _is_cancelled(error):
                raise
            raise Unavailable(_reason(error, parameters, limit)) from None

    async def _prepare(self, limit: float) -> None:
        """Find out what the role makes of a transaction; our statements are for read committed."""
        began = time.monotonic()
        ((level,),), *_ = await self.run("show default_transaction_isolation", None, limit)
        self.round_trip = time.monotonic() - began
        if level != "read committed":
            self.prefix = "set local transaction_isolation = 'read committed';\n"

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


def _is_cancelled(error: BaseException) -> bool:
    """Return True if the task was cancelled.

    aiopg raises CancelledError for a statement that the *server* cancelled as well
    (statement_timeout, pg_cancel_backend). Only a real cancellation counts in cancelling().
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _reason(error: BaseException, parameters: ConnectionParameters, limit: float) -> str:
    """Return where the attempt led and why it failed.

    psycopg2 leaves ``diag`` empty for a connect that failed: libpq's reason is in the text, which
    never holds the password.
    """
    if isinstance(error, TimeoutError):
        reason = f"no answer within {limit:g} s"
    else:
        reason = LIBPQ_PREFIX.sub("", " ".join(str(error).split())) or type(error).__name__
    return f"{describe(parameters)}: {reason}"


def _translated(error: BaseException, *, lost: bool) -> BaseException:
    """Return the error to raise instead. Its message never holds the statement or parameters."""
    match error:
        case asyncio.CancelledError():
            if _is_cancelled(error):
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
