"""All open connections of a server: their limit and their deadlines."""

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nestmap.server.connection import Connection

log = logging.getLogger("nestmap.server")

# A connection that has waited for its client for less than this is not closed for a new one
# (seconds).
SPARED = 1.0


class Connections:
    """The connections of one server, with one timer for all deadlines.

    A timer for each request would cost more than all other work on the request.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop = loop
        self._most = most
        # Those that count against the limit: all but those that are about to be closed.
        self._counted: set[Connection] = set()
        # Those with an open socket.
        self._open: set[Connection] = set()
        # Those that wait for their client, and since when; the one that waits longest is the first.
        self._waiting: dict[Connection, float] = {}
        # The clock counts calls of _check_all(): if the loop was blocked, no client is cut for it.
        self._now = 0.0
        self._interval = 1.0
        self._timer: asyncio.TimerHandle | None = None
        self._all_lost: asyncio.Future[None] | None = None
        self._closed_in_favour = 0
        self._reported = 0.0

    @property
    def open(self) -> int:
        """The number of connections with an open socket."""
        return len(self._open)

    @property
    def are_quiet(self) -> bool:
        """True if no connection receives a request, waits for a response or has unsent bytes."""
        return all(connection.is_quiet for connection in self._open)

    def add(self, connection: "Connection") -> None:
        """Count a new connection."""
        self._counted.add(connection)
        self._open.add(connection)
        self._schedule()

    def forget(self, connection: "Connection") -> None:
        """Stop counting a connection that is about to be closed."""
        self._counted.discard(connection)
        self._waiting.pop(connection, None)

    def lost(self, connection: "Connection") -> None:
        """Forget a connection whose socket is closed."""
        self._open.discard(connection)
        if not self._open and self._all_lost is not None and not self._all_lost.done():
            self._all_lost.set_result(None)

    def waits(self, connection: "Connection") -> None:
        """Note that a connection waits for its client: to send a request, or to read a response."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = self._loop.time()

    def works(self, connection: "Connection") -> None:
        """Note that a connection waits for the application."""
        self._waiting.pop(connection, None)

    def make_room(self) -> bool:
        """Return True if one more connection may be accepted.

        At the limit, the connection that has waited longest for its client is closed, so that idle
        connections do not block other clients.
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
        """Return the time in this many seconds, for Connection.check_deadline()."""
        # Four checks within ``seconds``, so that a client is cut soon after its deadline.
        if seconds / 4 < self._interval:
            self._check_more_often(seconds / 4)
        return self._now + self._interval + seconds

    async def close(self) -> None:
        """Close all connections at once, and wait until they are closed."""
        for connection in list(self._counted):
            connection.abort()
        if self._open:
            self._all_lost = self._loop.create_future()
            await self._all_lost
        if self._timer is not None:
            self._timer.cancel()

    def _check_more_often(self, interval: float) -> None:
        self._interval = max(0.01, interval)
        self._schedule()

    def _schedule(self) -> None:
        """Start the timer, or move it if it would come too late."""
        if self._timer is not None and self._timer.when() <= self._loop.time() + self._interval:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._interval, self._check_all)

    def _check_all(self) -> None:
        """Cut the connections whose client is late."""
        self._timer = None
        self._now += self._interval
        for connection in list(self._open):
            connection.check_deadline(self._now)
        if self._open:
            self._schedule()

    def _report(self) -> None:
        """Log, at most once a second, that connections were closed at the limit."""
        now = self._loop.time()
        if now - self._reported < 1:
            return
        log.warning(
            "at the limit of %d connections: closed %d that waited longest for their client; raise"
            " the limit of open files (ulimit -n) if these are real visitors",
            self._most,
            self._closed_in_favour,
        )
        self._reported, self._closed_in_favour = now, 0
