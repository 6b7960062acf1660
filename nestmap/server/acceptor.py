"""Accepts new connections, and pauses when no more may be open."""

import asyncio
import logging
import socket
from collections.abc import Callable

log = logging.getLogger("nestmap.server")

# How many new connections are accepted in one turn of the event loop.
AT_ONCE = 16
# The pause when no more connections may be open, or the system cannot accept one (seconds).
PAUSE = 0.1


class Acceptor:
    """Accepts the connections of one listening socket.

    ``make_room()`` returns True if one more may be open; ``accepted()`` is called with each new
    one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listening: socket.socket,
        make_room: Callable[[], bool],
        accepted: Callable[[socket.socket], None],
    ) -> None:
        self._loop = loop
        self._listening = listening
        self._make_room = make_room
        self._accepted = accepted
        self._resume: asyncio.TimerHandle | None = None
        self._reported = -1.0
        listening.setblocking(False)
        self._start()

    def stop(self) -> None:
        """Accept the connections that wait, then close the listening socket.

        The system answers a client before its connection is accepted, so the client may have sent a
        request. Closing the socket would reset the connection.
        """
        while self._accept():
            pass
        self._loop.remove_reader(self._listening)
        if self._resume is not None:
            self._resume.cancel()
        self._listening.close()

    def _start(self) -> None:
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> bool:
        """Accept waiting connections, up to AT_ONCE. Return True if more may be waiting."""
        for _ in range(AT_ONCE):
            if not self._make_room():
                self._pause("all connections that may be open are in use")
                return False
            try:
                client, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except ConnectionAbortedError:
                continue
            except OSError as error:
                # No room for another descriptor, or a passing fault of the network.
                self._pause(str(error))
                return False
            self._accepted(client)
        return True

    def _pause(self, reason: str) -> None:
        """Stop accepting for PAUSE seconds; log it at most once a second."""
        self._loop.remove_reader(self._listening)
        if self._resume is not None:
            self._resume.cancel()
        self._resume = self._loop.call_later(PAUSE, self._start)
        now = self._loop.time()
        if self._reported < 0 or now - self._reported >= 1:
            self._reported = now
            log.warning("new connections have to wait: %s", reason)
