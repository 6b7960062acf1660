"""New connections: one that fails costs no other, and none is accepted after a stop."""

import asyncio
import errno
import socket

import pytest
from tornado.testing import bind_unused_port

from nestmap.server import HTTPServer
from tests.support.two_servers import echo, exchange

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


class FailingSocket(socket.socket):
    """A listening socket; accept() raises the errors of ``failures`` first."""

    failures: list[OSError]

    def accept(self):
        if self.failures:
            raise self.failures.pop()
        return super().accept()


@pytest.fixture
def serve(monkeypatch):
    """Return a function that runs a coroutine function with a server and its port.

    It returns the problems that the event loop reports.
    """
    monkeypatch.setattr("nestmap.server.acceptor.PAUSE", 0.02)

    def serve(work, *failures, **options):
        reported = []

        async def run():
            asyncio.get_running_loop().set_exception_handler(
                lambda _, context: reported.append(context)
            )
            server = HTTPServer(echo, **options)
            bound, port = bind_unused_port()
            listening = FailingSocket(fileno=bound.detach())
            listening.failures = list(failures)
            server.add_sockets([listening])
            try:
                await work(server, port)
            finally:
                server.stop()
                async with asyncio.timeout(10):
                    await server.close_all_connections()

        asyncio.run(run())
        return reported

    return serve


async def is_answered(port):
    answer, _ = await exchange(port, [REQUEST])
    return answer.startswith("200")


@pytest.mark.parametrize("number", [errno.EPROTO, errno.EPERM, errno.EMFILE])
def test_an_error_of_the_system_delays_new_connections_only(serve, number):
    async def work(server, port):
        assert await is_answered(port)

    assert serve(work, OSError(number, "broken")) == []


def test_an_error_of_the_system_does_not_prevent_a_stop(serve):
    async def work(server, port):
        server.stop()

    assert serve(work, OSError(errno.EPROTO, "broken")) == []


def test_a_connection_that_fails_on_arrival_is_not_counted(serve, monkeypatch):
    async def work(server, port):
        async def fail(*_):
            raise OSError(errno.EINVAL, "the client has gone")

        with monkeypatch.context() as patch:
            patch.setattr(server.loop, "connect_accepted_socket", fail)
            assert await exchange(port, [REQUEST]) == ["closed"]
        assert server.open_connections == 0
        assert await is_answered(port)

    assert serve(work, max_connections=1) == []


def test_a_stop_while_no_connection_may_be_accepted_ends_the_accepting(serve, caplog):
    async def work(server, port):
        _, first = await asyncio.open_connection("127.0.0.1", port)
        _, second = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(20):  # turns of the loop, to accept the first one and to pause
            await asyncio.sleep(0)
        assert "have to wait" in caplog.text
        server.stop()
        await asyncio.sleep(0.1)  # longer than the pause
        first.transport.abort()
        second.transport.abort()

    assert serve(work, max_connections=1) == []
