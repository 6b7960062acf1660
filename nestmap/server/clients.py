"""All open connections of a server: how many there may be, and which of them are cut."""

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nestmap.server.connection import Connection

log = logging.getLogger("nestmap.server")

# One that has waited for its client for less than this is not closed in favour of another (seconds).
SPARED = 1.0


class Clients:
    """The connections of one server, with one timer for the deadlines of all.

    A timer for each request would cost more than all that this server does with the request.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop = loop
        self._most = most
        # Those that count; those whose socket is still open; those that wait for their client, with
        # the time since when, in that order.
        self._counted: set[Connection] = set()
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, float] = {}
        # Counted by the looks: a loop that was held up cuts nobody for it.
        self._now = 0.0
        self._interval = 1.0
        self._timer: asyncio.TimerHandle | None = None
        self._all_lost: asyncio.Future[None] | None = None
        self._closed_in_favour = 0
        self._reported = 0.0

    def add(self, connection: "Connection") -> None:
        """Count a new connection."""
        self._counted.add(connection)
        self._open.add(connection)
        self._look_again()

    def forget(self, connection: "Connection") -> None:
        """Do not count a connection that is about to be closed."""
        self._counted.discard(connection)
        self._waiting.pop(connection, None)

    def lost(self, connection: "Connection") -> None:
        """The socket of a connection is closed."""
        self._open.discard(connection)
        if not self._open and self._all_lost is not None and not self._all_lost.done():
            self._all_lost.set_result(None)

    def waits(self, connection: "Connection") -> None:
        """It is the client's turn: to send a request, or to take in a response."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = self._loop.time()

    def works(self, connection: "Connection") -> None:
        """It is the application's turn."""
        self._waiting.pop(connection, None)

    def make_room(self) -> bool:
        """Return True if one more connection may be accepted.

        At the limit the one that has waited longest for its client is closed for it: a client that
        only keeps a connection open does not keep others out.
        """
        if len(self._counted) < self._most:
            return True
        longest = next(iter(self._waiting), None)
        if longest is None or self._loop.time() - self._waiting[longest] < SPARED:
            return False
        longest.abort()
        self._closed_in_favour += 1
        self._report()
        return True

    def deadline(self, seconds: float) -> float:
        """Return the time that is this far away; with it Connection.look() is called."""
        self._look_within(seconds)
        return self._now + self._interval + seconds

    async def close(self) -> None:
        """Close all connections at once, and wait until that is done."""
        for connection in list(self._counted):
            connection.abort()
        if self._open:
            self._all_lost = self._loop.create_future()
            await self._all_lost
        if self._timer is not None:
            self._timer.cancel()

    def _look_within(self, seconds: float) -> None:
        if seconds / 4 < self._interval:
            self._interval = max(0.01, seconds / 4)
            self._look_again()

    def _look_again(self) -> None:
        if self._timer is not None and self._timer.when() <= self._loop.time() + self._interval:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._interval, self._look)

    def _look(self) -> None:
        """Cut the connections whose client is late."""
        self._timer = None
        self._now += self._interval
        for connection in list(self._open):
            connection.look(self._now)
        if self._open:
            self._look_again()

    def _report(self) -> None:
        """Say, at most once a second, that connections were closed in favour of others."""
        now = self._loop.time()
        if now - self._reported < 1:
            return
        log.warning(
            "at the limit of %d connections: closed %d that waited longest for their client; raise"
            " the limit of open files (ulimit -n) if there are really so many visitors",
            self._most,
            self._closed_in_favour,
        )
        self._reported, self._closed_in_favour = now, 0
