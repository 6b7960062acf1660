"""The HTTP server, which replaces tornado.httpserver.HTTPServer."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from tornado.httpserver import HTTPServer as TornadoServer
from tornado.httputil import HTTPHeaders, HTTPServerConnectionDelegate, HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.log import gen_log

from nestmap.server.acceptor import Acceptor
from nestmap.server.connection import Connection
from nestmap.server.connections import Connections
from nestmap.server.descriptors import connections_within_limit
from nestmap.server.limits import Limits
from nestmap.server.peer import Peer
from nestmap.server.render import render_headers

MEGABYTE = 1024 * 1024


class HTTPServer(TornadoServer):
    """A fast and bounded HTTP server for any Tornado application.

    It has the arguments and methods of Tornado's HTTPServer, and also:

    :arg write_timeout: how long a client may take for 16 KiB of a response, in seconds.
    :arg max_connections: how many connections may be open; at the limit those that have waited
        longest for their client are closed. The default leaves a reserve of descriptors.
    :arg usual_headers: headers of all responses, also of those without a handler. They are rendered
        once; handlers must not set them again.

    Chunked and streamed bodies, keep-alive, pipelining, ``Expect``, ``xheaders``, Unix sockets and
    WebSockets (by ``detach()``, which hands the socket over to Tornado's own streams) work as in
    Tornado. With ``ssl_options`` or ``decompress_request``, and for sockets that are handed to
    ``handle_stream()``, Tornado's own connection code serves: then ``write_timeout``,
    ``max_connections`` and ``usual_headers`` do not count.
    """

    def initialize(
        self,
        request_callback: HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], None],
        no_keep_alive: bool = False,
        xheaders: bool = False,
        ssl_options: dict[str, Any] | ssl.SSLContext | None = None,
        protocol: str | None = None,
        decompress_request: bool = False,
        chunk_size: int | None = None,
        max_header_size: int | None = None,
        idle_connection_timeout: float | None = None,
        body_timeout: float | None = None,
        max_body_size: int | None = None,
        max_buffer_size: int | None = None,
        trusted_downstream: list[str] | None = None,
        *,
        write_timeout: float = 30.0,
        max_connections: int | None = None,
        usual_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Tornado's constructor calls this with its arguments."""
        self._by_tornado = ssl_options is not None or decompress_request
        super().initialize(
            request_callback,
            no_keep_alive=no_keep_alive,
            # With xheaders Tornado would wrap each request; here Exchange has the right context.
            xheaders=xheaders and self._by_tornado,
            ssl_options=ssl_options,
            protocol=protocol,
            decompress_request=decompress_request,
            chunk_size=chunk_size,
            max_header_size=max_header_size,
            idle_connection_timeout=idle_connection_timeout,
            body_timeout=body_timeout,
            max_body_size=max_body_size,
            max_buffer_size=max_buffer_size,
            trusted_downstream=trusted_downstream,
        )
        self.limits = Limits(
            header_bytes=max_header_size or 64 * 1024,
            body_bytes=(max_buffer_size or 100 * MEGABYTE)
            if max_body_size is None
            else max_body_size,
            chunk_bytes=chunk_size or 64 * 1024,
            idle=idle_connection_timeout or 3600,
            body=body_timeout,
            write=write_timeout,
            keep_alive=not no_keep_alive,
        )
        self.usual_headers = render_headers(HTTPHeaders(dict(usual_headers or {})))
        self._most = max_connections or connections_within_limit()
        self._believes_proxy = xheaders
        self._proxies = frozenset(trusted_downstream or ())
        self._acceptors: list[Acceptor] = []
        self._all_connections: Connections | None = None
        self._arriving: set[asyncio.Task[Any]] = set()

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections on these listening sockets."""
        if self._by_tornado:
            super().add_sockets(sockets)
            return
        loop: asyncio.AbstractEventLoop = IOLoop.current().asyncio_loop  # type: ignore[attr-defined]
        self.loop = loop
        if self._all_connections is None:
            self._all_connections = Connections(loop, self._most)
        connections = self._all_connections
        for listening in sockets:
            acceptor = Acceptor(loop, listening, connections.make_room, self._accepted)
            self._acceptors.append(acceptor)

    @property
    def open_connections(self) -> int:
        """The number of open connections."""
        ours = 0 if self._all_connections is None else self._all_connections.open
        return ours + len(self._connections)

    @property
    def is_quiet(self) -> bool:
        """True if no open connection receives a request, waits for a response or has unsent bytes.

        Those of Tornado's own connection code do not count.
        """
        return self._all_connections is None or self._all_connections.are_quiet

    def stop(self) -> None:
        """Accept no more connections.

        Open ones continue, and those that clients have opened already.
        """
        super().stop()
        while self._acceptors:
            self._acceptors.pop().stop()

    async def close_all_connections(self) -> None:
        """Close all connections at once, and wait until they are closed."""
        await super().close_all_connections()
        if self._all_connections is not None:
            await self._all_connections.close()

    def peer_of(self, peer: Peer, headers: HTTPHeaders) -> Peer:
        """Return the client of a request, with ``xheaders`` the one that the proxy names."""
        return peer.behind_proxy(headers, self._proxies) if self._believes_proxy else peer

    def _accepted(self, client: socket.socket) -> None:
        assert self._all_connections is not None
        connection = Connection(self, self._all_connections)
        self._all_connections.add(connection)
        arriving = self.loop.create_task(
            self.loop.connect_accepted_socket(lambda: connection, client)
        )
        self._arriving.add(arriving)
        arriving.add_done_callback(partial(self._arrived, connection, client))

    def _arrived(
        self, connection: Connection, client: socket.socket, arriving: "asyncio.Task[Any]"
    ) -> None:
        self._arriving.discard(arriving)
        error = None if arriving.cancelled() else arriving.exception()
        if error:
            gen_log.warning("a new connection failed: %s", error)
        if error or arriving.cancelled():
            # asyncio does not call connection_lost() for it.
            connection.connection_lost(None)
            client.close()
