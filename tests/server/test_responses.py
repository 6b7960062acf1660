"""Responses, and how they end: closed connections, wrong lengths, timeouts, streams."""

import asyncio
import socket
from contextlib import suppress

import pytest
from tornado.httputil import HTTPOutputError
from tornado.iostream import StreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler, stream_request_body

from nestmap.server import HTTPServer
from tests.support.two_servers import exchange

CLOSE = b"Host: h\r\nConnection: close\r\n\r\n"
KEEP = b"Host: h\r\n\r\n"
LARGE = 1_500_000


class Hello(RequestHandler):
    def get(self):
        self.write("hello")


class Length(RequestHandler):
    def get(self, length):
        self.set_header("Content-Length", length)
        try:
            self.finish("hello")
        except HTTPOutputError as error:
            self.application.settings["told"].append(str(error))


class Endless(RequestHandler):
    """Writes until the client has disconnected."""

    async def get(self):
        told = self.application.settings["told"]
        told.append("begun")
        with suppress(StreamClosedError):
            while True:
                self.write(b"x" * 65536)
                await self.flush()
                told.append("flushed")
        told.append("StreamClosedError")

    def on_connection_close(self):
        self.application.settings["told"].append("on_connection_close")


class Large(RequestHandler):
    """Answers with a body of LARGE bytes, in one part or in two."""

    def get(self, form):
        if form == "close":
            self.set_header("Connection", "close")
        if form == "parts":
            self.write(b"x" * (LARGE // 2))
            self.flush()
            self.write(b"x" * (LARGE // 2))
        else:
            self.write(b"x" * LARGE)


class Waiting(RequestHandler):
    """Waits until the client has disconnected."""

    async def get(self):
        self.gone = asyncio.Event()
        self.application.settings["told"].append("begun")
        await self.gone.wait()
        self.application.settings["told"].append("gone")

    def on_connection_close(self):
        self.gone.set()


@stream_request_body
class Stream(RequestHandler):
    """Reads a body in parts, slowly; the limits are in the request headers."""

    def prepare(self):
        self.parts = []
        if "Most" in self.request.headers:
            self.request.connection.set_max_body_size(int(self.request.headers["Most"]))
        if "Seconds" in self.request.headers:
            self.request.connection.set_body_timeout(float(self.request.headers["Seconds"]))
        if "Refuse" in self.request.headers:
            self.set_status(413)
            self.finish()

    async def data_received(self, chunk):
        await asyncio.sleep(0.001)
        self.parts.append(len(chunk))

    def post(self):
        self.write(f"{max(self.parts)} of {sum(self.parts)}")


@stream_request_body
class Late(RequestHandler):
    """Answers after its body was refused."""

    def prepare(self):
        self.answering = asyncio.ensure_future(self.answer())

    async def answer(self):
        told = self.application.settings["told"]
        await until(told, "refused")
        self.write("hello")
        try:
            await self.flush()
        except StreamClosedError:
            told.append("StreamClosedError")

    def data_received(self, chunk):
        """Receive a part of the body."""


class Detached(RequestHandler):
    """Detaches the connection and sends back all bytes that it receives."""

    async def get(self):
        await asyncio.sleep(0)
        stream = self.request.connection.detach()
        await stream.write(await stream.read_bytes(5))
        stream.close()


@pytest.fixture
def told():
    """Return the list of notes of the handlers."""
    return []


@pytest.fixture
def serve(told):
    """Return a function that runs a coroutine function with the port of a server with these handlers."""

    def serve(work, buffer=None, **options):
        async def run():
            routes = [("/", Hello), ("/length/(.*)", Length), ("/endless", Endless)]
            routes += [
                ("/large/(.*)", Large),
                ("/waiting", Waiting),
                ("/stream", Stream),
                ("/detached", Detached),
                ("/late", Late),
            ]
            options.setdefault("idle_connection_timeout", 30)
            server = HTTPServer(Application(routes, told=told), **options)
            listening, port = bind_unused_port()
            if buffer:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            server.add_sockets([listening])
            try:
                return await work(port)
            finally:
                server.stop()
                await server.close_all_connections()

        return asyncio.run(run())

    return serve


async def until(told, note):
    async with asyncio.timeout(10):
        while note not in told:
            await asyncio.sleep(0.01)


def test_bytes_after_connection_close_do_not_lose_the_response(serve):
    async def work(port):
        outcomes = []
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(client, b"GET / HTTP/1.1\r\n" + CLOSE + b"x" * 1000)
                await asyncio.sleep(0)
                with suppress(ConnectionError):
                    await loop.sock_sendall(client, b"x" * 1000)
                await asyncio.sleep(0.01)
                outcomes.append(await loop.sock_recv(client, 4096))
        return outcomes

    assert all(outcome.endswith(b"hello") for outcome in serve(work))


@pytest.mark.parametrize(("length", "complaint"), [("3", "more data"), ("9", "4 bytes less")])
def test_a_response_with_a_wrong_content_length_is_cut(serve, told, length, complaint):
    request = f"GET /length/{length} HTTP/1.1\r\n".encode() + KEEP
    outcome = serve(lambda port: exchange(port, [request]))
    assert outcome[-1] == "closed"
    assert complaint in told[0]


def test_pipelined_requests_are_answered_in_order(serve):
    request = b"GET / HTTP/1.1\r\n" + KEEP + b"GET /missing HTTP/1.1\r\n" + KEEP
    outcome = serve(lambda port: exchange(port, [request * 3]))
    assert [one[:3] for one in outcome] == ["200", "404"] * 3 + ["ope"]


def test_flush_waits_for_the_client_and_raises_when_it_disconnects(serve, told):
    async def work(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /endless HTTP/1.1\r\n" + KEEP)
        await until(told, "begun")
        written = 0
        while written != (written := len(told)):
            await asyncio.sleep(0.1)
        writer.transport.abort()
        await until(told, "StreamClosedError")
        assert reader is not None

    serve(work)
    # The buffers of the sockets are full long before a gigabyte.
    assert told.count("flushed") < 300
    assert "on_connection_close" in told


def test_a_client_that_does_not_read_is_disconnected(serve, told):
    async def work(port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.transport.pause_reading()
        writer.write(b"GET /endless HTTP/1.1\r\n" + KEEP)
        await until(told, "StreamClosedError")
        writer.transport.abort()

    serve(work, write_timeout=0.3)


async def receive_slowly(port: int, request: bytes, size: int) -> int:
    """Receive up to ``size`` bytes, a part at a time; return how many there were."""
    loop = asyncio.get_running_loop()
    received = 0
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        await loop.sock_sendall(client, request)
        with suppress(ConnectionError):
            while received < size and (part := await loop.sock_recv(client, 64 * 1024)):
                received += len(part)
                await asyncio.sleep(0.02)
    return received


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "idle", "buffer"),
    [("keep", 0.2, 32), ("close", 0.2, 32), ("parts", 30, 32), ("keep", 30, 512)],
)
def test_a_client_that_reads_slowly_but_steadily_gets_the_whole_response(
    serve, monkeypatch, form, idle, buffer
):
    monkeypatch.setattr("nestmap.server.connection.LINGER", 0.2)

    async def work(port):
        request = f"GET /large/{form} HTTP/1.1\r\n".encode() + KEEP
        return await receive_slowly(port, request, LARGE)

    options = {"write_timeout": 0.7, "idle_connection_timeout": idle}
    assert serve(work, buffer=buffer * 1024, **options) >= LARGE


def test_a_client_that_closes_its_sending_side_counts_as_disconnected(serve, told):
    async def work(port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /waiting HTTP/1.1\r\n" + KEEP)
        await until(told, "begun")
        writer.write_eof()
        await until(told, "gone")
        writer.transport.abort()

    serve(work)


def test_a_streamed_body_waits_for_the_handler_and_arrives_in_parts(serve):
    head = b"POST /stream HTTP/1.1\r\nContent-Length: 100000\r\n" + CLOSE
    outcome = serve(lambda port: exchange(port, [head + b"x" * 100_000]), chunk_size=4096)
    assert outcome == ["200 4096 of 100000", "closed"]


def test_a_handler_can_change_the_size_limit_of_its_body(serve):
    chunks = b"Transfer-Encoding: chunked\r\n" + CLOSE + b"5\r\nhello\r\n0\r\n\r\n"
    small, large = b"POST /stream HTTP/1.1\r\nMost: 4\r\n", b"POST /stream HTTP/1.1\r\nMost: 5\r\n"
    assert serve(lambda port: exchange(port, [small + chunks])) == ["400 ", "closed"]
    assert serve(lambda port: exchange(port, [large + chunks]), max_body_size=1) == [
        "200 5 of 5",
        "closed",
    ]


def test_a_handler_can_change_the_time_limit_of_its_body(serve):
    head = b"POST /stream HTTP/1.1\r\nContent-Length: 9\r\nSeconds: 0.05\r\n" + KEEP + b"x"
    assert serve(lambda port: exchange(port, [head])) == ["closed"]


def test_a_refused_body_is_not_read_and_the_client_gets_the_response(serve):
    head = b"POST /stream HTTP/1.1\r\nContent-Length: 9000000\r\nRefuse: yes\r\n" + KEEP
    outcome = serve(lambda port: exchange(port, [head, b"x" * 3_000_000]))
    assert outcome == ["413 ", "closed"]


def test_a_response_after_a_refused_body_raises_as_if_the_client_had_disconnected(serve, told):
    async def work(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /late HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + KEEP + b"x\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        told.append("refused")
        await until(told, "StreamClosedError")
        writer.transport.abort()

    serve(work)


def test_a_detached_connection_keeps_bytes_that_arrived_early(serve):
    head = b"GET /detached HTTP/1.1\r\n" + KEEP
    received = []

    async def work(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + b"hel")
        await asyncio.sleep(0.05)
        writer.write(b"lo")
        received.append(await reader.read())
        writer.close()

    serve(work)
    assert received == [b"hello"]


def test_headers_that_are_too_long_are_a_431_and_a_line_in_the_log(serve, caplog):
    caplog.set_level("INFO")
    head = b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000
    outcome = serve(lambda port: exchange(port, [head]), max_header_size=16 * 1024)
    assert outcome == ["431 ", "closed"]
    assert "the headers are longer than 16384 bytes" in caplog.text


@pytest.mark.parametrize(("sent", "status"), [(b"\r", "431 "), (b"\r\n", "400 "), (b"\n", "400 ")])
def test_endless_line_ends_before_a_request_are_refused(serve, sent, status):
    async def work(port):
        assert await exchange(port, [sent * 20_000]) == [status, "closed"]
        assert await exchange(port, [sent * 500] * 40) == [status, "closed"]

    serve(work, max_header_size=16 * 1024)
