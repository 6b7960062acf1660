"""The hold: an answer is kept back until its session is committed.

It stands in for the connection of one request, by Tornado's public interface
`tornado.httputil.HTTPConnection`, records what the handler writes, and replays it on release.
Tornado keeps the real connection waiting for finish(), so the order of pipelined answers is kept.
"""

from asyncio import Future
from collections.abc import Callable
from typing import Any

from tornado.httputil import HTTPConnection, HTTPHeaders, RequestStartLine, ResponseStartLine


class HeldConnection(HTTPConnection):
    """Records the end of an answer; ``connection`` is the real one.

    The futures that it gives end when the answer is released or replaced.
    """

    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection
        self._headers: HTTPHeaders | None = None
        self._calls: list[Callable[[], Any]] = []
        self._gone: Future[None] = Future()

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> Future[None]:
        """Record the headers."""
        self._headers = headers
        self._calls.append(lambda: self.connection.write_headers(start_line, headers, chunk))
        return self._gone

    def write(self, chunk: bytes) -> Future[None]:
        """Record a part of the body."""
        self._calls.append(lambda: self.connection.write(chunk))
        return self._gone

    def finish(self) -> None:
        """Record the end."""
        self._calls.append(self.connection.finish)

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Pass on to the real connection."""
        self.connection.set_close_callback(callback)  # type: ignore[attr-defined]

    def release(self, set_cookie: str | None) -> None:
        """Let the answer go, with this Set-Cookie header if its headers have not left before."""
        if self._headers is not None and set_cookie is not None:
            self._headers.add("Set-Cookie", set_cookie)
        # Each call refers to this object; to keep them would be a cycle.
        calls, self._calls = self._calls, []
        for call in calls:
            call()
        self._gone.set_result(None)

    def replace(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        """Drop the answer and send this one instead.

        When the headers left before (a streamed answer), the connection is cut: an answer that
        does not end is the one honest thing left.
        """
        self._calls.clear()
        if self._headers is None:
            self.cut()
            return
        self.connection.write_headers(ResponseStartLine("", status, reason), headers, body)
        self.connection.finish()
        self._gone.set_result(None)

    def cut(self) -> None:
        """Close the connection in the middle of the answer."""
        self.connection.close()  # type: ignore[attr-defined]
        self._gone.set_result(None)
