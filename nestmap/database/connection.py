"""The one file that knows the driver, aiopg 1.4.0 over psycopg2, and keeps its quirks.

A quirk stands beside the line that it decides. They were measured on aiopg 1.4.0, which is pinned.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiopg
import psycopg2

from nestmap.database.errors import DatabaseError, ReadOnly, Refused, TimedOut, Unavailable
from nestmap.database.servers import Attempt

Row = tuple[Any, ...]
Parameters = Mapping[str, Any] | None

# Classes of SQLSTATE that say something of the server or of the moment, not of the statement:
# connection, rollback (deadlock, serialization), resources, operator intervention, system.
PASSING = ("08", "40", "53", "57", "58")


class Connection:
    """One connection to one server, in autocommit, running one statement at a time."""

    def __init__(self, raw: Any, cursor: Any) -> None:
        self._raw = raw
        self._cursor = cursor

    @classmethod
    async def open(cls, attempt: Attempt, limit: float) -> "Connection":
        """Connect within ``limit`` seconds, or raise Unavailable or TimedOut."""
        try:
            # The catalogue queries that aiopg makes for these three are a round trip each.
            raw = await aiopg.connect(
                timeout=limit,
                enable_json=False,
                enable_hstore=False,
                enable_uuid=False,
                **attempt,
            )
            return cls(raw, await raw.cursor())
        except (Exception, asyncio.CancelledError) as error:
            raise _translated(error, lost=True) from None

    @property
    def closed(self) -> bool:
        """Whether it is gone; an idle connection notices a restart of the server by itself."""
        return bool(self._raw.closed)

    def close(self) -> None:
        """Close at once; a statement that is under way goes on at the server."""
        self._raw.close()

    async def run(self, sql: str, parameters: Parameters, limit: float) -> list[Row]:
        """Run one statement and give its rows ([] when it returns none), within ``limit`` seconds.

        Raises a DatabaseError. After TimedOut or Unavailable the connection may be closed.
        """
        try:
            await self._cursor.execute(sql, parameters, timeout=limit)
            return await self._cursor.fetchall() if self._cursor.description else []
        except (Exception, asyncio.CancelledError) as error:
            # Decide by the connection, not by the SQLSTATE: a restart leaves pgcode empty.
            raise _translated(error, lost=self.closed) from None

    @property
    def affected(self) -> int:
        """How many rows the last statement returned or changed."""
        return int(self._cursor.rowcount)


def _translated(error: BaseException, *, lost: bool) -> BaseException:
    """The error to raise instead; messages never hold the statement or its parameters."""
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
    if sqlstate in ("57014", "55P03"):
        return TimedOut(message)
    if lost or sqlstate.startswith(PASSING) or isinstance(error, psycopg2.InterfaceError):
        return Unavailable(f"{sqlstate} {message}".strip())
    return Refused(sqlstate, message)
