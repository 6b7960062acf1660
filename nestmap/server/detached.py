"""A connection that was detached from HTTP, as a stream of Tornado; WebSockets use it."""

import asyncio
import os
import socket

from tornado.iostream import IOStream


class DetachedStream(IOStream):
    """A stream of the connection; ``early`` is the data that the client sent after its request."""

    def __init__(self, transport: asyncio.Transport, early: bytes) -> None:
        # The transport closes its own descriptor, not this duplicate.
        descriptor = os.dup(transport.get_extra_info("socket").fileno())
        self._early = early
        super().__init__(socket.socket(fileno=descriptor))

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read the early data first, then from the socket."""
        if not self._early:
            return super().read_from_fd(buf)
        part, self._early = self._early[: len(buf)], self._early[len(buf) :]
        buf[: len(part)] = part
        return len(part)
