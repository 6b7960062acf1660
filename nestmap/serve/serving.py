"""Serves an application until it is told to stop."""

import asyncio
import gc
import logging
import socket
import time

from nestmap.serve.application import SiteApplication
from nestmap.serve.server import BoundedServer
from nestmap.services import Services

log = logging.getLogger("nestmap")

# A stop waits so long for the requests in flight and their commits, and so long for one that a
# kept-alive connection may have sent already (seconds).
DRAIN_SECONDS = 10.0
QUIET_SECONDS = 0.25


async def serve(
    services: Services,
    application: SiteApplication,
    sockets: list[socket.socket],
    stop: asyncio.Event,
) -> bool:
    """Answer requests until ``stop`` is set; whether every request and commit then ended in time."""
    spare_the_collector()
    server = BoundedServer(application, xheaders=False)
    services.background.start(server.cut_slow_clients(), "cut slow clients", daemon=True)
    server.add_sockets(sockets)
    await stop.wait()
    log.info("stopping")
    deadline = time.monotonic() + DRAIN_SECONDS
    services.drain.begin()
    server.stop()
    await _quiet(services, deadline)
    drained = await services.close(max(0.0, deadline - time.monotonic()))
    await server.close_all_connections()
    return drained and services.drain.is_quiet


def spare_the_collector() -> None:
    """Look for garbage cycles less often, and never among what lives until the end.

    A request makes hundreds of objects and frees nearly all by itself: at Python's default the
    collector took about 5 % of the time of a read. Closed connections wait for it, 18 kB each, so
    it must not rest for too long either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 3)


async def _quiet(services: Services, deadline: float) -> None:
    """Wait until no request has been in flight for a moment, or until the deadline."""
    since = time.monotonic()
    while (now := time.monotonic()) < deadline and now - since < QUIET_SECONDS:
        if not services.drain.is_quiet:
            since = now
        await asyncio.sleep(0.02)
