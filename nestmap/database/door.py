"""The verbs by which the program speaks to PostgreSQL, each bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nestmap.database.connection import Connection, Parameters, Row
from nestmap.database.errors import ReadOnly, TimedOut, Unavailable
from nestmap.database.pool import Pool
from nestmap.database.servers import Servers

# How much longer than the server's own bound we wait for its answer (seconds). The server must be
# the first to give up: a client that gives up leaves the statement running.
GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one Database: ``statement``, ``lock`` and ``total`` in seconds, the rest in callers.

    A ``lock`` of 0 waits as long as the statement may run.
    """

    statement: float = 2.5
    lock: float = 0.0
    total: float = 3.9
    connections: int = 4
    waiting: int = 200


class Database:
    """A few connections and a few verbs; every verb raises DatabaseError and nothing else.

    ``repeat=True`` says that the statement may be applied twice with the same result: it is sent
    once more when the connection was lost on the way.
    """

    def __init__(self, servers: Servers, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._pool = Pool(servers, limits.connections, limits.waiting)
        # SET LOCAL in the statement's own string is the one place that a direct connection and
        # PgBouncer in transaction mode both keep; a string is one transaction.
        self._prefix = f"set local statement_timeout = {int(limits.statement * 1000)};\n"
        if limits.lock:
            self._prefix += f"set local lock_timeout = {int(limits.lock * 1000)};\n"

    async def all(
        self, sql: str, parameters: Parameters = None, *, repeat: bool = False
    ) -> list[Row]:
        """Every row that the statement gives."""
        rows, _ = await self._run(sql, parameters, repeat)
        return rows

    async def one(
        self, sql: str, parameters: Parameters = None, *, repeat: bool = False
    ) -> Row | None:
        """The first row, or None when there is none."""
        rows, _ = await self._run(sql, parameters, repeat)
        return rows[0] if rows else None

    async def execute(
        self, sql: str, parameters: Parameters = None, *, repeat: bool = False
    ) -> int:
        """How many rows the statement changed."""
        _, affected = await self._run(sql, parameters, repeat)
        return affected

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Transaction"]:
        """Several statements on one connection: all of them or, after an error, none."""
        connection = await self._acquire()
        try:
            # A transaction that its program forgot must not keep its locks for ever.
            idle = int(self._limits.total * 1000)
            bounds = f"set local idle_in_transaction_session_timeout = {idle}"
            transaction = Transaction(connection, self._limits.statement + GRACE)
            await transaction.all(f"begin; {self._prefix} {bounds}")
            yield transaction
            await transaction.all("commit")
        except BaseException:
            # Closing is a rollback that works in every state that the connection may be in.
            connection.close()
            raise
        finally:
            self._pool.release(connection)

    async def close(self) -> None:
        """Close every connection; those in use as soon as they are given back."""
        self._pool.close()

    async def _run(self, sql: str, parameters: Parameters, repeat: bool) -> tuple[list[Row], int]:
        try:
            async with asyncio.timeout(self._limits.total):
                try:
                    return await self._attempt(sql, parameters)
                except Unavailable:
                    if not repeat:
                        raise
                    return await self._attempt(sql, parameters)
        except TimeoutError:
            raise TimedOut("the database did not answer in time") from None

    async def _attempt(self, sql: str, parameters: Parameters) -> tuple[list[Row], int]:
        connection = await self._pool.acquire()
        try:
            rows = await connection.run(
                self._prefix + sql, parameters, self._limits.statement + GRACE
            )
            return rows, connection.affected
        except ReadOnly:
            # After a failover the old connections stay open and lead to the wrong server.
            self._pool.abandon()
            raise
        except TimedOut:
            if connection.closed:
                # We gave up, and the server, which should have done so before, was not heard.
                self._pool.distrust()
            raise
        finally:
            self._pool.release(connection)

    async def _acquire(self) -> Connection:
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._pool.acquire()
        except TimeoutError:
            raise TimedOut("no connection became free in time") from None


class Transaction:
    """The verbs of Database on one connection, between BEGIN and COMMIT."""

    def __init__(self, connection: Connection, limit: float) -> None:
        self._connection = connection
        self._limit = limit

    async def all(self, sql: str, parameters: Parameters = None) -> list[Row]:
        """Every row that the statement gives."""
        return await self._connection.run(sql, parameters, self._limit)

    async def one(self, sql: str, parameters: Parameters = None) -> Row | None:
        """The first row, or None when there is none."""
        rows = await self.all(sql, parameters)
        return rows[0] if rows else None
