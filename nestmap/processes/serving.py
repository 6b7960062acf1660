"""Serves an application until a stop: then waits for requests and commits, and closes everything.

What sets the stop, a second signal and the exit by force are in signals.py, several processes in
supervisor.py.
"""

import asyncio
import gc
import logging
import socket
import time
from typing import TYPE_CHECKING

from tornado.web import Application

from nestmap.server import HTTPServer, raise_limit
from nestmap.sizes import HARD_MAX_BODY, MAX_HEADER
from nestmap.timeouts import TIMEOUTS

if TYPE_CHECKING:
    from nestmap.services import Services

log = logging.getLogger("nestmap")

# A stop waits this long for requests that may already be on their way on open connections
# (seconds).
QUIET_SECONDS = 0.25
CHECK_SECONDS = 0.02


async def serve(
    services: "Services",
    application: Application,
    sockets: list[socket.socket],
    stop: asyncio.Event,
) -> bool:
    """Answer requests until ``stop`` is set.

    Return True if all requests and commits ended in time.
    """
    spare_the_collector()
    raise_limit()
    server = HTTPServer(
        application,
        max_header_size=MAX_HEADER,
        max_body_size=HARD_MAX_BODY,
        idle_connection_timeout=services.settings.keepalive,
        body_timeout=TIMEOUTS.body,
        write_timeout=TIMEOUTS.write,
        usual_headers=application.settings.get("usual_headers"),
    )
    server.add_sockets(sockets)
    await stop.wait()
    log.info("stopping")
    deadline = time.monotonic() + TIMEOUTS.drain
    services.requests.begin_stop()
    server.stop()
    await _quiet(services, server, deadline)
    drained = await services.close(max(0.0, deadline - time.monotonic()))
    await server.close_all_connections()
    return drained and services.requests.is_quiet


def spare_the_collector() -> None:
    """Run the cyclic garbage collector less often, and exclude the objects of the start.

    A request makes hundreds of objects, and reference counting frees nearly all of them: with
    Python's default the collector took about 5 % of the time of a read. It must not run too rarely
    either, since it frees closed connections, 18 kB each.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 3)


async def _quiet(services: "Services", server: HTTPServer, deadline: float) -> None:
    """Wait until all requests are answered and no more will come, or until the deadline.

    None will come if no connection is open, and none is expected if there was none for a moment. A
    request begins with the first byte of its head and ends with the last byte of the response. That
    a client could delay the stop with half a head is no reason to cut it: with half a body it could
    do the same.
    """
    since = time.monotonic()
    while (now := time.monotonic()) < deadline and now - since < QUIET_SECONDS:
        if not services.requests.is_quiet or not server.is_quiet:
            since = now
        elif not server.open_connections:
            return
        await asyncio.sleep(CHECK_SECONDS)
