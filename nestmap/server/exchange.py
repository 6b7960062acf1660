"""One request and its response, as a Tornado handler sees them: ``request.connection``."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

from nestmap.server.body import length_of
from nestmap.server.render import render_head

if TYPE_CHECKING:
    from nestmap.server.reader import RequestReader


class Exchange(HTTPConnection):
    """Writes the response to one request, with the methods of Tornado's HTTP1Connection.

    The futures of write_headers() and write() are done when the next part may be written; they
    raise StreamClosedError if the client has disconnected.
    """

    def __init__(
        self, reader: "RequestReader", start_line: RequestStartLine, headers: HTTPHeaders
    ) -> None:
        connection = reader.connection
        self.context = connection.server.peer_of(connection.peer, headers)
        self.max_body_size = connection.limits.body_bytes
        self.keep_alive = connection.limits.keep_alive and _keeps_alive(start_line, headers)
        self.headers_sent = False
        self.finished = False
        self.close_callback: Callable[[], None] | None = None
        self._reader = reader
        self._connection = connection
        self._start_line = start_line
        self._chunked = False
        self._missing: int | None = None

    def set_max_body_size(self, max_body_size: int) -> None:
        """Set the longest body of this request, instead of the server's ``max_body_size``."""
        self.max_body_size = max_body_size

    def set_body_timeout(self, timeout: float) -> None:
        """Set the time limit for the body of this request, instead of ``body_timeout``."""
        self._reader.set_body_timeout(timeout)

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Set a function that is called if the client disconnects before the response ends."""
        self.close_callback = callback

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Write the head of the response, and the first part of its body."""
        assert isinstance(start_line, ResponseStartLine)
        self._frame(start_line.code, headers)
        head = render_head(start_line, headers, self._connection.server.usual_headers)
        self.headers_sent = True
        return self._connection.send(head + self._framed(chunk) if chunk else head)

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Write a part of the body."""
        return self._connection.send(self._framed(chunk))

    def finish(self) -> None:
        """End the response. HTTPOutputError if it is shorter than its Content-Length."""
        if self._missing and self._connection.open:
            self.close()
            raise HTTPOutputError(f"Tried to write {self._missing} bytes less than Content-Length")
        if self._chunked:
            self._connection.send(b"0\r\n\r\n")
        self.finished = True
        self.close_callback = None
        self._reader.response_finished()

    def close(self) -> None:
        """Close the connection at once; unsent data is lost."""
        self.close_callback = None
        self._connection.abort()

    def detach(self) -> IOStream:
        """Return the connection as a stream and stop reading HTTP from it."""
        self.close_callback = None
        return self._connection.detach()

    def _frame(self, status: int, headers: HTTPHeaders) -> None:
        """Choose the framing that shows the client the end of the body."""
        method, _, version = self._start_line
        no_body = method == "HEAD" or status in (204, 304) or 100 <= status < 200
        self._chunked = version == "HTTP/1.1" and not no_body and "Content-Length" not in headers
        if self._chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif no_body:
            self._missing = 0
        elif "Content-Length" in headers:
            self._missing = length_of(headers["Content-Length"])
        else:
            self.keep_alive = False
        if self.keep_alive and version == "HTTP/1.0":
            headers["Connection"] = "Keep-Alive"
        elif not self.keep_alive and version == "HTTP/1.1":
            headers["Connection"] = "close"
        elif "Connection" in headers and headers["Connection"].lower() == "close":
            self.keep_alive = False

    def _framed(self, chunk: bytes) -> bytes:
        """Return the framed chunk. HTTPOutputError if the body exceeds Content-Length."""
        if self._missing is not None:
            self._missing -= len(chunk)
            if self._missing < 0:
                self.close()
                raise HTTPOutputError("Tried to write more data than Content-Length")
        # An empty chunk would end the body.
        return b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked and chunk else chunk


def _keeps_alive(start_line: RequestStartLine, headers: HTTPHeaders) -> bool:
    """Return True if the connection stays open for another request."""
    # get() raises and catches a KeyError if there is no such header.
    options = headers["Connection"].lower() if "Connection" in headers else ""
    if start_line.version == "HTTP/1.1":
        return not options or "close" not in [option.strip() for option in options.split(",")]
    # In HTTP/1.0 the client must ask for it, and the response needs a known length.
    has_end = "Content-Length" in headers or "Transfer-Encoding" in headers
    return options == "keep-alive" and (has_end or start_line.method in ("GET", "HEAD"))
