"""Runs statements, each within a time limit, on a connection of a pool; connection.py sends them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from nestmap.database.connection import (
    Connection,
    Parameters,
    Result,
    Row,
    Settings,
    assignments,
)
from nestmap.database.deadline import counted, seconds_left
from nestmap.database.errors import DatabaseError, ReadOnly, Refused, TimedOut, Unavailable
from nestmap.database.hosts import Hosts
from nestmap.database.limits import Limits
from nestmap.database.pool import Pool, PoolFigures
from nestmap.database.prepared import LOST_SQLSTATES, Prepared
from nestmap.database.transaction import Transaction
from nestmap.timeouts import TIMEOUTS

# The driver needs a limit; a week stands for statements without a limit.
UNLIMITED = 7 * 86400.0

DEFAULT_LIMITS = Limits()


class Database:
    """A pool of connections and a few methods, which raise only DatabaseError.

    ``idempotent=True`` means that the statement can be applied twice with the same result: it is sent
    once more if the connection was lost.
    """

    def __init__(self, hosts: Hosts, limits: Limits = DEFAULT_LIMITS) -> None:
        self._hosts = hosts
        self._limits = limits
        self._pool = Pool(hosts, limits.connections, limits.waiting)
        self.lock_timeout = f"set local lock_timeout = {int(limits.lock * 1000)}"

    @property
    def figures(self) -> PoolFigures:
        """The numbers of connections and of waiting callers."""
        return self._pool.figures

    async def all(
        self, sql: str | Prepared, parameters: Parameters = None, *, idempotent: bool = False
    ) -> list[Row]:
        """Return every row of the result, as tuples."""
        return (await self._run(sql, parameters, idempotent)).rows

    async def one(
        self, sql: str, parameters: Parameters = None, *, idempotent: bool = False
    ) -> Row | None:
        """Return the first row as a tuple, or None if there is none."""
        rows = (await self._run(sql, parameters, idempotent)).rows
        return rows[0] if rows else None

    async def rows(
        self, sql: str, parameters: Parameters = None, *, idempotent: bool = False
    ) -> list[dict[str, Any]]:
        """Return every row of the result, each with its values by column name."""
        return (await self._run(sql, parameters, idempotent)).by_name()

    async def execute(
        self, sql: str, parameters: Parameters = None, *, idempotent: bool = False
    ) -> int:
        """Return the number of rows that the statement changed."""
        return (await self._run(sql, parameters, idempotent)).affected

    async def check(self) -> None:
        """Raise DatabaseError if the database can't be used."""
        await self.one("select", idempotent=True)

    @asynccontextmanager
    async def transaction(self, *, idle: float | None = None) -> AsyncIterator["Transaction"]:
        """Run several statements on one connection: all of them or, after an error, none.

        ``idle`` replaces the limit of that name; 0 is none.
        """
        async with self._acquired() as connection:
            allowed = self._limits.statement_within(seconds_left(UNLIMITED))
            # A transaction must not keep its locks if its client hangs.
            seconds = self._limits.idle if idle is None else idle
            settings = self._limiting(allowed)
            settings["idle_in_transaction_session_timeout"] = str(int(seconds * 1000))
            transaction = Transaction(connection, allowed + TIMEOUTS.grace)
            begin = "begin isolation level read committed;\n"
            await transaction.all(begin + assignments("set local", settings))
            yield transaction
            await transaction.all("commit")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Transaction"]:
        """Give one connection for statements that can't run in a transaction.

        Only limits of the server apply. The connection is closed afterwards, because its settings may
        have been changed.
        """
        async with self._acquired() as connection:
            transaction = Transaction(connection, UNLIMITED)
            await transaction.all("reset statement_timeout; reset lock_timeout")
            yield transaction
            connection.close()

    async def close(self) -> None:
        """Close all connections; those in use when they are returned."""
        self._pool.close()
        await self._pool.closed()

    async def _run(self, sql: str | Prepared, parameters: Parameters, idempotent: bool) -> Result:
        seconds = seconds_left(self._limits.total)
        sending = _Sending(time.monotonic() + seconds)
        try:
            with counted():
                async with asyncio.timeout(seconds):
                    try:
                        return await self._run_once(sql, parameters, sending)
                    except Unavailable:
                        if not idempotent:
                            raise
                        return await self._run_once(sql, parameters, sending)
        except TimeoutError:
            raise self._given_up(sending, TimedOut("the database did not answer in time")) from None
        except DatabaseError as error:
            raise self._given_up(sending, error) from None

    async def _run_once(
        self, sql: str | Prepared, parameters: Parameters, sending: "_Sending"
    ) -> Result:
        connection = await self._pool.acquire()
        try:
            try:
                return await self._run_on(connection, sql, parameters, sending)
            except Refused as error:
                if isinstance(sql, str) or error.sqlstate not in LOST_SQLSTATES:
                    raise
                connection.prepare_no_more()
                return await self._run_on(connection, sql, parameters, sending)
        except ReadOnly:
            # After a failover the old connections stay open and lead to the wrong server.
            self._pool.discard_server()
            raise
        except (TimedOut, Unavailable):
            if connection.closed:
                # The server ended it, or its answer was lost. The idle ones may be dead too, and not know
                # it yet: a repeat must get a new one.
                self._pool.close_idle()
            raise
        finally:
            self._pool.release(connection)

    async def _run_on(
        self,
        connection: Connection,
        sql: str | Prepared,
        parameters: Parameters,
        sending: "_Sending",
    ) -> Result:
        allowed = self._limits.statement_within(sending.deadline - time.monotonic())
        settings = self._limiting(allowed)
        return await sending.send(connection, settings, sql, parameters, allowed + TIMEOUTS.grace)

    def _given_up(self, sending: "_Sending", error: DatabaseError) -> DatabaseError:
        error.unknown = sending.unknown
        if error.unknown:
            self._hosts.given_up = time.monotonic()
        return error

    def _limiting(self, statement: float) -> dict[str, str]:
        """Return the settings for a statement that the server may run for ``statement`` seconds."""
        settings = {"statement_timeout": str(max(1, int(statement * 1000)))}
        if self._limits.lock:
            settings["lock_timeout"] = str(int(self._limits.lock * 1000))
        return settings

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        """Give a connection for a block. After an error it is closed, which rolls back in every state."""
        try:
            with counted():
                async with asyncio.timeout(seconds_left(self._limits.total)):
                    connection = await self._pool.acquire()
        except TimeoutError:
            raise TimedOut("no connection became free in time") from None
        try:
            yield connection
        except ReadOnly:
            self._pool.discard_server()
            connection.close()
            raise
        except BaseException as error:
            connection.close()
            if isinstance(error, DatabaseError) and error.unknown:
                self._hosts.given_up = time.monotonic()
            raise
        finally:
            self._pool.release(connection)


@dataclass(slots=True)
class _Sending:
    """One statement and its repeat: its time limit, and if its outcome is known."""

    deadline: float
    unknown: bool = False

    async def send(
        self,
        connection: Connection,
        settings: Settings,
        sql: str | Prepared,
        parameters: Parameters,
        limit: float,
    ) -> Result:
        """Run the statement. Until there is an answer, it may have been carried out."""
        before, self.unknown = self.unknown, True
        try:
            return await connection.run_with(settings, sql, parameters, limit)
        except DatabaseError as error:
            self.unknown = before or error.unknown
            raise
