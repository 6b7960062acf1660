"""The hold: a response is kept back until its session is committed.

It takes the place of the connection of one request, by Tornado's public interface
`tornado.httputil.HTTPConnection`, records what the handler writes, and replays it on release.
Tornado keeps the real connection waiting for finish(), so the order of pipelined responses is kept.
"""

import http.client
from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tornado.httputil import HTTPConnection, HTTPHeaders, RequestStartLine, ResponseStartLine


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response: what is sent instead of one whose session was not committed."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def start_line(self) -> ResponseStartLine:
        """The first line of it."""
        return ResponseStartLine("", self.status, http.client.responses.get(self.status, "Unknown"))


class HeldConnection(HTTPConnection):
    """Records the end of a response; ``connection`` is the real one.

    The futures that it returns are done when the response is released or replaced.
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
        # Each call refers to this object; to keep them would be a cycle.
        calls, self._calls = self._calls, []
        for call in calls:
            call()
        self._sent.set_result(None)

    def replace(self, response: Response) -> None:
        """Drop what was recorded and send ``response`` instead.

        If the headers were sent before (a streamed response), the connection is closed: a response
        that does not end is the only way left to say that it is not good.
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
