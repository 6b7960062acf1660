"""A pool of our own: aiopg's loses wake-ups, connects under its lock and has no bound on waiters."""

import asyncio
import logging
import time

from nestmap.database.connection import Connection
from nestmap.database.errors import DatabaseError, Overloaded, TimedOut, Unavailable
from nestmap.database.servers import Servers

log = logging.getLogger("nestmap.database")

# One address gets this long; a whole round over all addresses at most twice that (seconds).
CONNECT_SECONDS = 1.2
IDLE_SECONDS = 60.0

# A connection that is out for longer may have gone dead in silence, and the idle ones with it.
LATE_SECONDS = 0.4


class Pool:
    """At most ``size`` connections at once; at most ``waiting`` callers wait, served in order."""

    def __init__(self, servers: Servers, size: int, waiting: int) -> None:
        self._servers = servers
        self._permits = asyncio.Semaphore(size)
        self._room = size + waiting
        self._inside = 0
        self._idle: list[tuple[float, Connection]] = []
        self._generation = 0
        self._out: dict[Connection, tuple[float, int]] = {}

    async def acquire(self) -> Connection:
        """A live connection, or Overloaded, TimedOut or Unavailable. Give it back by release()."""
        if self._inside >= self._room:
            raise Overloaded("too many callers wait for a connection")
        self._inside += 1
        try:
            await self._permits.acquire()
        except BaseException:
            self._inside -= 1
            raise
        try:
            connection = self._idle_one() or await self._connect()
        except BaseException:
            self._leave()
            raise
        self._out[connection] = (time.monotonic(), self._generation)
        return connection

    def release(self, connection: Connection) -> None:
        """Take it back, and close it when it is dead or of an abandoned generation."""
        _, generation = self._out.pop(connection)
        if generation == self._generation and not connection.closed:
            self._idle.append((time.monotonic(), connection))
            self._close_unused()
        else:
            connection.close()
        self._leave()

    def abandon(self) -> None:
        """Let go of every connection: the server that they lead to is no longer the right one."""
        self._generation += 1
        self._servers.forget()
        self.distrust()

    def distrust(self) -> None:
        """Close what is idle: something on the way swallowed a statement, and may swallow more."""
        for _, connection in self._idle:
            connection.close()
        self._idle.clear()

    def close(self) -> None:
        """Close what is idle now and what is in use on its release."""
        self._generation += 1
        self.distrust()

    def _leave(self) -> None:
        self._inside -= 1
        self._permits.release()

    def _idle_one(self) -> Connection | None:
        now = time.monotonic()
        if any(now - since > LATE_SECONDS for since, _ in self._out.values()):
            self.distrust()
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.closed:
                return connection
        return None

    def _close_unused(self) -> None:
        since, oldest = self._idle[0]
        if time.monotonic() - since > IDLE_SECONDS:
            del self._idle[0]
            oldest.close()

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(2 * CONNECT_SECONDS):
                return await self._connect_to_one()
        except TimeoutError:
            raise TimedOut("connecting took too long") from None
        except OSError as error:
            raise Unavailable(type(error).__name__) from None

    async def _connect_to_one(self) -> Connection:
        failure: DatabaseError = Unavailable("no server is named")
        for attempt in await self._servers.attempts():
            try:
                connection = await Connection.open(attempt, CONNECT_SECONDS)
            except DatabaseError as error:
                failure = error
            else:
                self._servers.remember(attempt)
                return connection
        log.warning("database unavailable: %s", failure)
        raise failure
