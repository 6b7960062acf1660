"""Tornado's own HTTP server and ours, side by side, and the responses of each."""

import asyncio
import re
from collections.abc import Iterable, Sequence

import orjson
from tornado.httpserver import HTTPServer as TornadoServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.testing import bind_unused_port

from nestmap.server import HTTPServer

# Everything runs in one loop, so a response that is later than this will never come.
QUIET_SECONDS = 0.25

OPTIONS = {"max_header_size": 4096, "max_body_size": 10_000, "idle_connection_timeout": 30}


def echo(request: HTTPServerRequest) -> None:
    """Answer with the request as the server read it."""
    body = orjson.dumps(
        [
            request.method,
            request.uri,
            request.version,
            sorted(request.headers.get_all()),
            request.body.decode("latin1"),
            request.remote_ip,
        ]
    )
    headers = HTTPHeaders({"Content-Length": str(len(body))})
    request.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, body)
    request.connection.finish()


class TwoServers:
    """Both servers, with the same limits. Use it in a running loop."""

    def __init__(self, application=echo, **options) -> None:
        self._servers = []
        self._ports = {}
        for kind in (TornadoServer, HTTPServer):
            server = kind(application, **(OPTIONS | options))
            listening, self._ports[kind] = bind_unused_port()
            server.add_sockets([listening])
            self._servers.append(server)

    @property
    def port(self) -> int:
        """The port of our server."""
        return self._ports[HTTPServer]

    async def close(self) -> None:
        for server in self._servers:
            server.stop()
            await server.close_all_connections()

    async def tornado(self, *parts: bytes) -> list[str]:
        """Send these parts to Tornado's server, one after the other; return the outcome."""
        return await exchange(self._ports[TornadoServer], parts)

    async def ours(self, *parts: bytes) -> list[str]:
        return await exchange(self._ports[HTTPServer], parts)

    async def ours_split_everywhere(self, request: bytes) -> list[list[str]]:
        """Return the outcomes of the request in two parts, split at each byte in turn."""
        splits = (self.ours(request[:at], request[at:]) for at in range(1, len(request)))
        return await asyncio.gather(*splits)


async def exchange(port: int, parts: Sequence[bytes]) -> list[str]:
    """Send the parts; return the status and the body of each response, and how it ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    ended = "closed"
    try:
        for part in parts:
            writer.write(part)
            for _ in range(
                8
            ):  # Client and server get several turns of the loop before the next part.
                await asyncio.sleep(0)
        while data := await asyncio.wait_for(reader.read(65536), QUIET_SECONDS):
            received += data
    except TimeoutError:
        ended = "open"
    except ConnectionError:
        ended = "closed"
    finally:
        writer.transport.abort()
    return [*responses(received), ended]


def responses(received: bytes) -> Iterable[str]:
    """Return the status and the body of each response; check its Content-Length."""
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\nContent-Length: (\d+)", head)
        size = int(length[1]) if length else 0
        yield f"{head.split()[1].decode()} {received[:size].decode()}"
        received = received[size:]
