"""The HTTP server, which cuts clients that are slow to send by one look a second at all of them.

Tornado's own bounds make a future and a timer for the headers of each request and again for its
body: together a tenth of the instructions of a write. Here a request costs a few assignments.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)

# What a client may send, in bytes. A body that states its length is refused by its headers; one in
# chunks, when it has arrived, but past HARD_MAX_BODY the connection is cut.
MAX_HEADER = 16 * 1024
MAX_BODY = 64 * 1024
HARD_MAX_BODY = 2 * MAX_BODY

# How long it may take: from a new connection, or from an answer, to the end of the next headers,
# and from there to the end of the body (seconds).
IDLE_SECONDS = 75
BODY_SECONDS = 15


class BoundedServer(HTTPServer):
    """An HTTP server that bounds what clients send, in size and in time."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """As HTTPServer, but for the bounds."""
        kwargs |= {"max_header_size": MAX_HEADER, "max_body_size": HARD_MAX_BODY}
        super().initialize(*args, **kwargs)
        self.conn_params.header_timeout = None
        self.seconds = 0
        self._awaited: dict[object, _Bounded] = {}

    async def cut_slow_clients(self) -> None:
        """Never ends; nothing is cut without it."""
        while True:
            await asyncio.sleep(1)
            self.seconds += 1
            late = [one for one in self._awaited.values() if one.deadline < self.seconds]
            for one in late:
                one.connection.close()

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Tornado is about to wait for a request on this connection."""
        assert isinstance(request_conn, HTTP1Connection)
        delegate = super().start_request(server_conn, request_conn)
        awaited = self._awaited[server_conn] = _Bounded(self, request_conn, delegate)
        return awaited

    def on_close(self, server_conn: object) -> None:
        """The connection is gone."""
        self._awaited.pop(server_conn, None)
        super().on_close(server_conn)


class _Bounded(HTTPMessageDelegate):
    """One request on its way in, and when (in the server's seconds) it must have come."""

    def __init__(
        self, server: BoundedServer, connection: HTTP1Connection, delegate: HTTPMessageDelegate
    ) -> None:
        self.connection = connection
        self.deadline: float = server.seconds + IDLE_SECONDS
        self._server = server
        self._delegate = delegate

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self.deadline = self._server.seconds + BODY_SECONDS
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self.deadline = float("inf")
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
