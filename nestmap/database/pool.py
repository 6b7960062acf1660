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

# A server that was demoted goes on answering those who only read; none is believed for longer.
MOST_SECONDS = 60.0

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
        self._out: dict[Connection, float] = {}
        self._closed = False

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
        self._out[connection] = time.monotonic()
        return connection

    def release(self, connection: Connection) -> None:
        """Take it back, or close it when it is of no more use."""
        del self._out[connection]
        if self._is_good(connection):
            self._idle.append((time.monotonic(), connection))
            self._close_unused()
        else:
            connection.close()
        self._leave()

    def abandon(self) -> None:
        """Let go of the server that the connections lead to: it is no longer the right one."""
        self._servers.forget()
        self.distrust()

    def distrust(self) -> None:
        """Close what is idle: something on the way swallowed a statement, and may swallow more."""
        for _, connection in self._idle:
            connection.close()
        self._idle.clear()

    def close(self) -> None:
        """Close what is idle now and what is in use on its release."""
        self._closed = True
        self.distrust()

    def _leave(self) -> None:
        self._inside -= 1
        self._permits.release()

    def _is_good(self, connection: Connection) -> bool:
        """Whether it may be used again; another pool may have learned that its server is not."""
        return not (
            self._closed
            or connection.closed
            or connection.generation != self._servers.generation
            or time.monotonic() - connection.opened > MOST_SECONDS
        )

    def _idle_one(self) -> Connection | None:
        now = time.monotonic()
        if any(now - since > LATE_SECONDS for since in self._out.values()):
            self.distrust()
        while self._idle:
            _, connection = self._idle.pop()
            if self._is_good(connection):
                return connection
            connection.close()
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
        generation = self._servers.generation
        for attempt in await self._servers.attempts():
            try:
                connection = await Connection.open(attempt, CONNECT_SECONDS, generation)
            except DatabaseError as error:
                failure = error
            else:
                self._servers.remember(attempt)
                return connection
        log.warning("database unavailable: %s", failure)
        raise failure
