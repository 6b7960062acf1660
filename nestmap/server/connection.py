"""The connection of one client: sending, flow control and deadlines."""

import asyncio
from typing import TYPE_CHECKING, cast

from tornado.iostream import IOStream, StreamClosedError
from tornado.log import gen_log

from nestmap.server.detached import DetachedStream
from nestmap.server.limits import HIGH_WATER, LINGER, LINGER_BYTES, LOW_WATER
from nestmap.server.peer import Peer
from nestmap.server.progress import NEVER, Progress
from nestmap.server.reader import RequestReader

if TYPE_CHECKING:
    from nestmap.server.connections import Connections
    from nestmap.server.http_server import HTTPServer


class Connection(asyncio.Protocol):
    """The protocol of one client's socket. Connections calls check_deadline()."""

    transport: asyncio.Transport
    peer: Peer

    def __init__(self, server: "HTTPServer", connections: "Connections") -> None:
        self.server = server
        self._connections = connections
        self.loop = server.loop
        self.limits = server.limits
        # How a connection ends: ``open`` is False when nothing more is read or answered;
        # ``transport.is_closing()`` is True when asyncio closes the socket, and nothing more can be
        # sent; ``_closed`` is True when the connection is not counted any more and the application
        # was told. abort() does all of this at once.
        self.open = True
        # True while the buffer of the transport is full and nothing may be added.
        self.congested = False
        self._closed = False
        self._reader: RequestReader | None = RequestReader(self)
        self._read_deadline = NEVER
        self._patience = NEVER
        self._thrown_away = 0
        self._paused = False
        self._writers: list[asyncio.Future[None]] = []

    @property
    def is_quiet(self) -> bool:
        """True if nothing is being received, answered or sent."""
        if self._closed:
            return True
        # A connection without a transport arrives, and may have sent a request.
        if not hasattr(self, "transport") or self.transport.get_write_buffer_size():
            return False
        return not self.open or self._reader is None or self._reader.is_idle

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._progress = Progress(self.transport)
        family = transport.get_extra_info("socket").family
        self.peer = Peer(family, transport.get_extra_info("peername"), self.server.protocol)
        self._sent = self.loop.create_future()
        self._sent.set_result(None)
        if self._closed:
            self.transport.abort()
        else:
            self.wait_for_request()

    def data_received(self, data: bytes) -> None:
        if self.open and self._reader is not None:
            self._reader.feed(data)
            return
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.abort()

    def eof_received(self) -> None:
        """Let asyncio close the connection: as in Tornado, a client that closed its sending side has left."""

    def pause_writing(self) -> None:
        self.congested = True
        self._expect_progress()
        self._connections.waits(self)

    def resume_writing(self) -> None:
        self.congested = False
        self._progress.deadline = NEVER
        writers, self._writers = self._writers, []
        for writer in writers:
            if not writer.done():
                writer.set_result(None)
        if self._reader is not None:
            if self._reader.has_request:
                self._connections.works(self)
            self._reader.advance()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._connections.lost(self)

    # Sending

    def send(self, data: bytes) -> "asyncio.Future[None]":
        """Send ``data``. The returned future is done when more may be sent."""
        if not self.open or self.transport.is_closing():
            return _closed_error(self.loop)
        self._progress.written += len(data)
        self.transport.write(data)
        if not self.congested:
            return self._sent
        writer = self.loop.create_future()
        self._writers.append(writer)
        return writer

    # Closing

    def shut_down(self) -> None:
        """Close the connection after the client has read everything and closed its side."""
        if not self.open or self.transport.is_closing():
            return
        self.open = False
        self.transport.write_eof()
        self._connections.waits(self)
        self._wait(LINGER)
        self.pace()

    def abort(self) -> None:
        """Close the connection at once; unsent data is lost."""
        if not self._closed:
            self._forget()
            if hasattr(self, "transport"):
                self.transport.abort()

    def detach(self) -> IOStream:
        """Return the connection as a stream, with the data that the client has sent already."""
        if self._reader is None or self.transport.get_write_buffer_size():
            self.abort()
            raise StreamClosedError
        stream = DetachedStream(self.transport, self._reader.take_buffer())
        self.abort()
        return stream

    def _forget(self) -> None:
        reader, self._reader = self._reader, None
        self.open, self._closed = False, True
        self._read_deadline = NEVER
        self._connections.forget(self)
        for writer in self._writers:
            if not writer.done():
                writer.set_exception(StreamClosedError())
                writer.exception()
        if reader is not None:
            reader.client_left()

    # Waiting for the client or for the application

    def wait_for_request(self) -> None:
        """Wait until the client sends the next request."""
        self._wait(self.limits.idle)
        self._connections.waits(self)

    def wait_for_body(self, seconds: float | None) -> None:
        """Wait up to ``seconds`` for the body of the request."""
        self._wait(seconds or NEVER)

    def wait_for_application(self) -> None:
        """Wait for the application, which works on the request."""
        self._read_deadline = NEVER
        self._connections.works(self)

    def pace(self) -> None:
        """Read from the client only if the data can be processed."""
        if self._closed or self.transport.is_closing():
            return
        pause = self.open and self._reader is not None and not self._reader.can_read
        if pause != self._paused:
            self._paused = pause
            self.transport.pause_reading() if pause else self.transport.resume_reading()

    def check_deadline(self, now: float) -> None:
        """Close the connection if the client missed its deadline."""
        if not hasattr(self, "transport") or self._closed:
            return
        reads_body = self.open and self._reader is not None and self._reader.reads_body
        if not self.transport.get_write_buffer_size():
            self._progress.deadline = NEVER
        elif not self._check_progress(now):
            gen_log.info("Timeout writing to %s", self.peer)
            self.abort()
        elif self._read_deadline != NEVER and not reads_body:
            # The time for the next request begins when the client has got the response.
            self._wait(self._patience)
        if now >= self._read_deadline:
            if reads_body:
                gen_log.info("Timeout reading body from %s", self.peer)
            self.abort()

    def _check_progress(self, now: float) -> bool:
        """Return False if the client missed the deadline for a part of the response."""
        if self._progress.deadline != NEVER:
            if now < self._progress.deadline:
                return True
            if not self._progress.was_made():
                return False
        self._expect_progress()
        return True

    def _expect_progress(self) -> None:
        self._progress.expect(self._connections.deadline(self.limits.write))

    def _wait(self, seconds: float) -> None:
        self._patience = seconds
        self._read_deadline = self._connections.deadline(seconds)


def _closed_error(loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
    """Return a future that has failed because the connection is closed."""
    future: asyncio.Future[None] = loop.create_future()
    future.set_exception(StreamClosedError())
    future.exception()
    return future
