"""The hold: a response is recorded and sent after its session is committed.

HeldConnection replaces the connection of one request by Tornado's public interface
`tornado.httputil.HTTPConnection`. It records what the handler writes and sends it on release. The real
connection waits for finish(), so the order of pipelined responses is kept.
"""

import http.client
from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tornado.httputil import HTTPConnection, HTTPHeaders, RequestStartLine, ResponseStartLine


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response, which replaces one whose session was not committed."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def start_line(self) -> ResponseStartLine:
        """Its first line."""
        return ResponseStartLine("", self.status, http.client.responses.get(self.status, "Unknown"))


class HeldConnection(HTTPConnection):
    """Records the end of a response; ``connection`` is the real one.

    The returned futures are done when the response is released or replaced.
    """

    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection
        self._headers: HTTPHeaders | None = None
        self._calls: list[Callable[[], Any]] = []
        self._sent: Future[None] = Future()

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> Future[None]:
        """Record the headers."""
        self._headers = headers
        self._calls.append(lambda: self.connection.write_headers(start_line, headers, chunk))
        return self._sent

    def write(self, chunk: bytes) -> Future[None]:
        """Record a part of the body."""
        self._calls.append(lambda: self.connection.write(chunk))
        return self._sent

    def finish(self) -> None:
        """Record the end."""
        self._calls.append(self.connection.finish)

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Pass on to the real connection."""
        self.connection.set_close_callback(callback)  # type: ignore[attr-defined]

    def release(self, set_cookie: str | None) -> None:
        """Send the response, with this Set-Cookie header if its headers have not been sent before."""
        if self._headers is not None and set_cookie is not None:
            self._headers.add("Set-Cookie", set_cookie)
        # Each call refers to this object, so keeping them would make a cycle.
        calls, self._calls = self._calls, []
        for call in calls:
            call()
        self._sent.set_result(None)

    def replace(self, response: Response) -> None:
        """Drop what was recorded and send ``response`` instead.

        If the headers were sent before (a streamed response), the connection is closed: an incomplete
        response is the only way left to report the failure.
        """
        self._calls.clear()
        if self._headers is None:
            self.cut()
            return
        self.connection.write_headers(response.start_line, response.headers, response.body)
        self.connection.finish()
        self._sent.set_result(None)

    def cut(self) -> None:
        """Close the connection in the middle of the response."""
        self._calls.clear()
        self.connection.close()  # type: ignore[attr-defined]
        if not self._sent.done():
            self._sent.set_result(None)
