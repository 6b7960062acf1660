"""A connection pool. aiopg's pool loses wake-ups, connects under its lock and does not limit waiters.

Tasks of the pool make the connections, not the callers: a caller that gives up does not end an
attempt, so a slow network is usable, and a caller that waits may get a returned connection instead
of a new one.
"""

import asyncio
import time
from collections import deque
from typing import NamedTuple

from nestmap.database.connecting import connect
from nestmap.database.connection import Connection
from nestmap.database.errors import DatabaseError, Overloaded, Unavailable
from nestmap.database.hosts import Hosts
from nestmap.database.idle import IdleConnections
from nestmap.timeouts import TIMEOUTS

Waiter = asyncio.Future[Connection]

STOPPING = "the program is stopping"


class PoolFigures(NamedTuple):
    """The current connections of a pool, and the ``connects`` and ``failures`` since the start."""

    in_use: int
    idle: int
    connecting: int
    waiting: int
    connects: int
    failures: int


class Pool:
    """Opens up to ``size`` connections; up to ``waiting`` callers wait and are served in order."""

    def __init__(self, hosts: Hosts, size: int, waiting: int) -> None:
        self._hosts = hosts
        self._size = size
        self._most_waiting = waiting
        self._waiters: deque[Waiter] = deque()
        self._idle = IdleConnections()
        self._in_use: dict[Connection, float] = {}
        self._connecting: dict[asyncio.Task[None], float] = {}
        self._clock: asyncio.TimerHandle | None = None
        self._closed = False
        self._connects = 0
        self._failures = 0
        hosts.used_by(self)

    @property
    def figures(self) -> PoolFigures:
        """The numbers of connections and of waiting callers."""
        return PoolFigures(
            in_use=len(self._in_use),
            idle=len(self._idle),
            connecting=len(self._connecting),
            waiting=len(self._waiters),
            connects=self._connects,
            failures=self._failures,
        )

    async def acquire(self) -> Connection:
        """Return a live connection, which the caller must return with ``release()``.

        Raises Overloaded at once if too many callers wait, and Unavailable if there is no
        connection and none can be made, or if the pool is closed. The caller limits the wait.
        """
        if self._closed:
            raise Unavailable(STOPPING)
        connection = self._take_idle()
        return connection if connection is not None else await self._wait_for_one()

    def release(self, connection: Connection) -> None:
        """Take ``connection`` back, or close it if it must not be used again."""
        del self._in_use[connection]
        self._take_back(connection)

    def discard_server(self) -> None:
        """Stop using the server of the connections: it is no longer the right one."""
        self._hosts.forget()

    def close_idle(self) -> None:
        """Close all idle connections: one has ended or got no answer, so they may be dead too."""
        self._idle.close()

    def close(self) -> None:
        """Close idle connections now, and those in use on their release."""
        self._closed = True
        self.close_idle()
        for task in self._connecting:
            task.cancel()
        self._refuse_waiters(Unavailable(STOPPING))

    async def closed(self) -> None:
        """Return when the attempts to connect have ended, which ``close()`` cancelled."""
        if self._connecting:
            await asyncio.wait(self._connecting)

    async def _wait_for_one(self) -> Connection:
        if len(self._waiters) >= self._most_waiting:
            raise Overloaded("too many callers wait for a connection")
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._connect_more()
        if self._clock is None:
            self._tick()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result())
            raise

    def _tick(self) -> None:
        """Check periodically if the waiting callers need another attempt to connect."""
        self._clock = None
        if self._waiters:
            self._connect_more()
            loop = asyncio.get_running_loop()
            # Often, since a late check extends the pause between two attempts without an answer.
            self._clock = loop.call_later(TIMEOUTS.first_retry, self._tick)

    def _take_back(self, connection: Connection) -> None:
        """Give a returned connection to the first waiter, or keep it idle."""
        if not self._is_usable(connection):
            connection.close()
            self._connect_more()
        elif (waiter := self._next_waiter()) is not None:
            self._in_use[connection] = time.monotonic()
            waiter.set_result(connection)
        else:
            self._idle.keep(connection)

    def _next_waiter(self) -> Waiter | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _refuse_waiters(self, error: DatabaseError) -> None:
        while (waiter := self._next_waiter()) is not None:
            waiter.set_exception(type(error)(*error.args))

    def _is_usable(self, connection: Connection) -> bool:
        """Return True if ``connection`` may be used again.

        The generation changes when a pool with these hosts finds that a server is the wrong one.
        """
        return not (
            self._closed
            or connection.closed
            or connection.generation != self._hosts.generation
            or time.monotonic() - connection.opened > TIMEOUTS.connection_age
        )

    def _take_idle(self) -> Connection | None:
        self._close_doubtful()
        while (connection := self._idle.take()) is not None:
            if self._is_usable(connection):
                self._in_use[connection] = time.monotonic()
                return connection
            connection.close()
        return None

    def _close_doubtful(self) -> None:
        """Close idle connections that may be as dead as one without an answer for long.

        One that was returned after the slow statement began has had an answer since.
        """
        slow = time.monotonic() - TIMEOUTS.slow - 2 * self._hosts.round_trip
        began = [since for since in self._in_use.values() if since < slow]
        if began:
            self._idle.close(before=max(began))

    def _connect_more(self) -> None:
        """Start as many attempts as are wanted and allowed; fail the waiters if none is possible."""
        while self._wants_more() and self._hosts.availability.away is None and self._make_room():
            self._hosts.availability.attempt_begins()
            task = asyncio.ensure_future(self._connect())
            self._connecting[task] = time.monotonic()
            task.add_done_callback(self._attempt_ended)
        away = self._hosts.availability.away
        if away is not None and not self._connecting and not self._in_use:
            self._refuse_waiters(away)

    def _wants_more(self) -> bool:
        """Return True if there are more waiters than attempts that may soon succeed."""
        fresh = len(self._connecting) - len(self._silent())
        return fresh < len(self._waiters) and not self._closed

    def _make_room(self) -> bool:
        """Return True if another connection may be opened; if needed, cancel an attempt without an answer.

        The oldest attempt is kept: on a slow network it is the one that succeeds.
        """
        if len(self._in_use) + len(self._idle) + len(self._connecting) < self._size:
            return True
        replaceable = self._silent()[1:]
        if not replaceable:
            return False
        newest = replaceable[-1]
        del self._connecting[newest]
        newest.cancel()
        return True

    def _silent(self) -> list[asyncio.Task[None]]:
        """Return the attempts without an answer for long: their packets may be lost."""
        before = time.monotonic() - TIMEOUTS.silent_retry
        return [task for task, began in self._connecting.items() if began <= before]

    async def _connect(self) -> None:
        began = time.monotonic()
        try:
            connection = await connect(self._hosts)
        except DatabaseError as error:
            self._failures += 1
            self._hosts.availability.failed(error)
            # Attempts that began together are awaited together; an additional attempt is not.
            latest = began + TIMEOUTS.silent_retry
            others = sum(other < latest for other in self._connecting.values()) - 1
            if not self._in_use and not others:
                self._refuse_waiters(error)
        else:
            self._connects += 1
            self._hosts.availability.succeeded()
            self._take_back(connection)

    def _attempt_ended(self, task: asyncio.Task[None]) -> None:
        self._connecting.pop(task, None)
        self._hosts.availability.attempt_ends()
        self._connect_more()
