"""Reads the requests of one connection in steps, and passes them to Tornado."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    ResponseStartLine,
)
from tornado.log import app_log, gen_log

from nestmap.server.body import Body, body_of
from nestmap.server.exchange import Exchange
from nestmap.server.head import HeadTooLarge, parse_head, split_head
from nestmap.server.render import render_head

if TYPE_CHECKING:
    from nestmap.server.connection import Connection

BAD_REQUEST = ResponseStartLine("", 400, "Bad Request")
HEADERS_TOO_LARGE = ResponseStartLine("", 431, "Request Header Fields Too Large")


class RequestReader:
    """Reads head, body and end of a request, and then waits for the response.

    ``_step`` is the next step. A step returns False if it must wait for the client or for the
    application; advance() is called again after either has made progress.
    """

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        # Functions instead of methods: a bound method would refer to this object and make a cycle.
        self._step: Callable[[RequestReader], bool] = RequestReader._read_head
        self._buffer = b""
        self._advancing = False
        # True while a future of the application is pending; it gets no more data before this is
        # done.
        self._held_up = False
        # The current request. The delegate is told if the client disconnects.
        self._exchange: Exchange | None = None
        self._delegate: HTTPMessageDelegate | None = None
        self._headers = HTTPHeaders()
        self._body: Body | None = None
        self._content = b""

    @property
    def has_request(self) -> bool:
        """True while the application works on a complete request."""
        return self._step is RequestReader._await_response

    @property
    def reads_body(self) -> bool:
        """True between the head and the end of a request."""
        return self._exchange is not None and not self.has_request

    @property
    def is_idle(self) -> bool:
        """True if no part of a request was received since the last response."""
        # A client may send line ends after a request.
        return self._exchange is None and not self._buffer.strip(b"\r\n")

    @property
    def can_read(self) -> bool:
        """True if nothing is buffered, or if a step can process what arrives."""
        if not self._buffer:
            return True
        in_head = self._step is RequestReader._read_head and not self.connection.congested
        return not self._held_up and (in_head or self._body is not None)

    def feed(self, data: bytes) -> None:
        """Process data from the client."""
        self._buffer = self._buffer + data if self._buffer else data
        self.advance()

    def advance(self) -> None:
        """Run steps until one must wait."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while not self._held_up and self.connection.open and self._step(self):
                pass
        except HTTPInputError as error:
            self._refuse(error)
        except Exception:
            self._fail()
        finally:
            self._advancing = False
        self.connection.pace()

    def response_finished(self) -> None:
        """Continue with the next request, or close the connection."""
        exchange = self._exchange
        if exchange is None or not self.connection.open:
            return
        if not exchange.keep_alive or not self.has_request:
            self.connection.shut_down()
            return
        self._exchange = None
        self._step = RequestReader._read_head
        self.connection.wait_for_request()
        if self._buffer:
            self.connection.loop.call_soon(self.advance)

    def set_body_timeout(self, seconds: float) -> None:
        """Set the time limit for the rest of the body."""
        if not self.has_request:
            self.connection.wait_for_body(seconds)

    def take_buffer(self) -> bytes:
        """Return the data after the request, and forget the request."""
        early, self._buffer = self._buffer, b""
        self._delegate = self._exchange = None
        return early

    def client_left(self) -> None:
        """Tell the application that the connection is closed."""
        delegate, exchange = self._delegate, self._exchange
        self._delegate = self._exchange = self._body = None
        callback = exchange.close_callback if exchange else None
        try:
            if delegate is not None:
                delegate.on_connection_close()
            elif callback is not None:
                callback()
        except Exception:
            app_log.exception("Uncaught exception")

    # Steps

    def _read_head(self) -> bool:
        if not self._buffer or self.connection.congested:
            return False
        parts = split_head(self._buffer, self.connection.limits.header_bytes)
        if parts is None:
            return False
        head, self._buffer = parts
        start_line, self._headers = parse_head(head)
        self._exchange = exchange = Exchange(self, start_line, self._headers)
        self._delegate = self.connection.server.start_request(self.connection, exchange)
        self.connection.wait_for_body(self.connection.limits.body)
        self._step = RequestReader._begin_body
        self._wait_for(self._delegate.headers_received(start_line, self._headers))
        return True

    def _begin_body(self) -> bool:
        assert self._exchange is not None
        self._body = body_of(self._headers, self._exchange.max_body_size)
        if "Expect" in self._headers and self._headers["Expect"] == "100-continue":
            self.connection.send(b"HTTP/1.1 100 (Continue)\r\n\r\n")
        self._step = RequestReader._read_body if self._body else RequestReader._end
        return True

    def _read_body(self) -> bool:
        assert self._body is not None
        assert self._delegate is not None
        assert self._exchange is not None
        if not self._content:
            limit = self._exchange.max_body_size
            self._content, self._buffer = self._body.feed(self._buffer, limit)
        if self._content:
            size = self.connection.limits.chunk_bytes
            part, self._content = self._content[:size], self._content[size:]
            self._wait_for(self._delegate.data_received(part))
            return True
        if self._body.complete:
            self._step = RequestReader._end
        return self._body.complete

    def _end(self) -> bool:
        delegate, self._delegate = self._delegate, None
        assert delegate is not None
        self._body = None
        self._step = RequestReader._await_response
        self.connection.wait_for_application()
        delegate.finish()
        return False

    def _await_response(self) -> bool:
        return False

    # Futures and errors of the application

    def _wait_for(self, work: Awaitable[None] | None) -> None:
        if work is None:
            return
        future = asyncio.ensure_future(work)
        if future.done():
            future.result()
        else:
            self._held_up = True
            future.add_done_callback(self._worked)

    def _worked(self, future: "asyncio.Future[None]") -> None:
        self._held_up = False
        error = None if future.cancelled() else future.exception()
        if isinstance(error, HTTPInputError):
            self._refuse(error)
        elif error is not None or future.cancelled():
            self._fail(error)
        else:
            self.advance()

    def _refuse(self, error: HTTPInputError) -> None:
        gen_log.info("Malformed HTTP message from %s: %s", self.connection.peer, error)
        if self._exchange is not None and self._exchange.headers_sent:
            self.connection.abort()
            return
        too_large = isinstance(error, HeadTooLarge)
        start_line = HEADERS_TOO_LARGE if too_large else BAD_REQUEST
        self.connection.send(
            render_head(start_line, HTTPHeaders(), self.connection.server.usual_headers)
        )
        self.connection.shut_down()

    def _fail(self, error: BaseException | None = None) -> None:
        app_log.error("Uncaught exception", exc_info=error or True)
        self.connection.abort()
