"""Builds the Tornado application and serves it until it is told to stop."""

import asyncio
import gc
import logging
import signal
import socket
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

if TYPE_CHECKING:
    from tornado.web import _HandlerDelegate

from nestmap.settings import Settings
from nestmap.site import Site

log = logging.getLogger("nestmap")

MAX_BODY = 64 * 1024
# A body that states its length is refused by its headers; one in chunks, when it has arrived, but
# past this many bytes the connection is cut.
HARD_MAX_BODY = 2 * MAX_BODY
MAX_HEADER = 16 * 1024
BODY_SECONDS = 15.0
IDLE_SECONDS = 75.0

# A stop waits so long for the requests in flight and their commits, and so long for one that a
# kept-alive connection may have sent already (seconds).
DRAIN_SECONDS = 10.0
QUIET_SECONDS = 0.25

Routes = list[tuple[str, type[RequestHandler]]]


class SiteApplication(Application):
    """Refuses a body that is too long when its headers come, not after it was sent."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> "_HandlerDelegate":
        length = request.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length[:20]) > MAX_BODY:
            return self.get_handler_delegate(request, self.settings["too_large_handler_class"])
        return super().find_handler(request, **kwargs)


def make_app(site: Site, routes: Routes, **settings: Any) -> SiteApplication:
    """The application. ``settings`` are the handlers' own: templates, static files, error handlers."""
    return SiteApplication(
        list(routes), site=site, cross_origin_protection=True, log_function=_no_log, **settings
    )


def listen(settings: Settings) -> list[socket.socket]:
    """The sockets of HOST and PORT; OSError when they can't be had."""
    return bind_sockets(settings.port, settings.host, backlog=1024)


async def serve(
    site: Site,
    application: SiteApplication,
    sockets: list[socket.socket],
    stop: asyncio.Event,
) -> bool:
    """Answer requests until ``stop`` is set; whether every request and commit then ended in time."""
    spare_the_collector()
    server = HTTPServer(
        application,
        xheaders=site.settings.trust_proxy,
        max_body_size=HARD_MAX_BODY,
        max_header_size=MAX_HEADER,
        body_timeout=BODY_SECONDS,
        idle_connection_timeout=IDLE_SECONDS,
    )
    server.add_sockets(sockets)
    await stop.wait()
    log.info("stopping")
    deadline = time.monotonic() + DRAIN_SECONDS
    site.draining = True
    server.stop()
    await _quiet(site, deadline)
    drained = await site.close(max(0.0, deadline - time.monotonic()))
    await server.close_all_connections()
    return drained and site.in_flight == 0


def spare_the_collector() -> None:
    """Look for garbage cycles less often, and never among what lives until the end.

    A request makes hundreds of objects and frees nearly all by itself: at Python's default the
    collector took about 5 % of the time of a read. Closed connections wait for it, 18 kB each, so
    it must not rest for too long either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 3)


def stop_on_signals(stop: asyncio.Event, *signals: signal.Signals) -> None:
    """Set ``stop`` on the first signal; a second one leaves at once, with status 1."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set():
            log.warning("told to stop twice: leaving at once")
            raise SystemExit(1)
        stop.set()

    for number in signals:
        loop.add_signal_handler(number, told)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work, unless ``stop`` is set before it is done; whether it was done."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        await working
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


async def _quiet(site: Site, deadline: float) -> None:
    """Wait until no request has been in flight for a moment, or until the deadline."""
    since = time.monotonic()
    while (now := time.monotonic()) < deadline and now - since < QUIET_SECONDS:
        if site.in_flight:
            since = now
        await asyncio.sleep(0.02)


def _no_log(_: RequestHandler) -> None:
    """Tornado logs in finish(); an answer that is held is logged when it has left."""
