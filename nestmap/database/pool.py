"""A pool of our own: aiopg's loses wake-ups, connects under its lock and has no bound on waiters."""

import asyncio
import logging
import time

from nestmap.database.connection import Connection
from nestmap.database.errors import DatabaseError, Overloaded, TimedOut, Unavailable
from nestmap.database.hosts import Hosts

log = logging.getLogger("nestmap.database")

# One address gets this long; a whole round over all addresses at most twice that (seconds).
CONNECT_SECONDS = 1.2
IDLE_SECONDS = 60.0

# A server that was demoted goes on answering reads, so no connection is kept for longer than this.
MAX_AGE_SECONDS = 60.0

# A connection in use for longer may be dead without a sign, and the idle ones with it.
SLOW_SECONDS = 0.4


class Pool:
    """At most ``size`` connections at once; at most ``waiting`` callers wait, served in order."""

    def __init__(self, hosts: Hosts, size: int, waiting: int) -> None:
        self._hosts = hosts
        self._permits = asyncio.Semaphore(size)
        self._room = size + waiting
        self._callers = 0
        self._idle: list[tuple[float, Connection]] = []
        self._in_use: dict[Connection, float] = {}
        self._closed = False

    async def acquire(self) -> Connection:
        """Return a live connection, which the caller gives back with ``release()``.

        Raises Overloaded, TimedOut or Unavailable.
        """
        if self._callers >= self._room:
            raise Overloaded("too many callers wait for a connection")
        self._callers += 1
        try:
            await self._permits.acquire()
        except BaseException:
            self._callers -= 1
            raise
        try:
            connection = self._take_idle() or await self._connect()
        except BaseException:
            self._leave()
            raise
        self._in_use[connection] = time.monotonic()
        return connection

    def release(self, connection: Connection) -> None:
        """Take ``connection`` back, or close it if it must not be used again."""
        del self._in_use[connection]
        if self._is_usable(connection):
            self._idle.append((time.monotonic(), connection))
            self._close_unused()
        else:
            connection.close()
        self._leave()

    def discard_server(self) -> None:
        """Give up the server that the connections lead to: it is no longer the right one."""
        self._hosts.forget()
        self.close_idle()

    def close_idle(self) -> None:
        """Close all idle connections: one statement got no answer, so they may be dead too."""
        for _, connection in self._idle:
            connection.close()
        self._idle.clear()

    def close(self) -> None:
        """Close idle connections now, and each one in use on its release."""
        self._closed = True
        self.close_idle()

    def _leave(self) -> None:
        self._callers -= 1
        self._permits.release()

    def _is_usable(self, connection: Connection) -> bool:
        """Return True if ``connection`` may be used again.

        The generation changes when any pool of these hosts finds that a server is the wrong one.
        """
        return not (
            self._closed
            or connection.closed
            or connection.generation != self._hosts.generation
            or time.monotonic() - connection.opened > MAX_AGE_SECONDS
        )

    def _take_idle(self) -> Connection | None:
        now = time.monotonic()
        if any(now - since > SLOW_SECONDS for since in self._in_use.values()):
            self.close_idle()
        while self._idle:
            _, connection = self._idle.pop()
            if self._is_usable(connection):
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
                return await self._connect_to_any()
        except TimeoutError:
            raise TimedOut("connecting took too long") from None
        except OSError as error:
            raise Unavailable(type(error).__name__) from None

    async def _connect_to_any(self) -> Connection:
        failure: DatabaseError = Unavailable("no host is named")
        generation = self._hosts.generation
        for parameters in await self._hosts.addresses():
            try:
                connection = await Connection.open(parameters, CONNECT_SECONDS, generation)
            except DatabaseError as error:
                failure = error
            else:
                self._hosts.remember(parameters)
                return connection
        log.warning("database unavailable: %s", failure)
        raise failure
