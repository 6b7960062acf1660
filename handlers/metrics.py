"""GET /metrics, on a separate listener, since metrics are not for visitors."""

import socket

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from tornado.web import Application, RequestHandler

from nestmap.metrics import Exposition, LastSample, LoopLag, RequestFigures, SiteCollector
from nestmap.server import HTTPServer
from nestmap.services import Services

# Prometheus and a person at the same time.
MOST_CONNECTIONS = 32


class MetricsHandler(RequestHandler):
    """GET /metrics."""

    def initialize(self, exposition: Exposition) -> None:
        """Set the exposition, which renders the text."""
        self._exposition = exposition

    async def get(self) -> None:
        """Answer with the metrics in Prometheus' text format."""
        text = await self._exposition.render()
        self.set_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
        self.set_header("Cache-Control", "no-store")
        self.finish(text)

    def set_default_headers(self) -> None:
        """Remove the Server header."""
        self.clear_header("Server")

    def compute_etag(self) -> str | None:
        """Return None: responses always differ."""
        return None


class MetricsListener:
    """Measures a process and serves its metrics; does nothing without ``sockets``.

    ``requests`` counts requests, or is None. ``worker`` is the number of this worker, or None for a
    single process.
    """

    requests: RequestFigures | None = None
    _server: HTTPServer | None = None

    def __init__(
        self, services: Services, sockets: list[socket.socket], worker: int | None
    ) -> None:
        if not sockets:
            return
        self.requests = RequestFigures()
        lag, sample = LoopLag(), LastSample(services.sessions)
        collector = SiteCollector(services, self.requests, lag, sample)
        exposition = Exposition(collector, worker)
        services.background.start(lag.run(), "measure the event loop", daemon=True)
        if not worker:  # One sample for all metrics of a scrape.
            services.background.start(sample.run(), "read the last sample", daemon=True)
        services.background.start(exposition.run(), "write the metrics", daemon=True)
        routes = [(r"/metrics", MetricsHandler, {"exposition": exposition})]
        application = Application(routes, log_function=lambda _: None)
        self._server = HTTPServer(application, max_connections=MOST_CONNECTIONS)
        self._server.add_sockets(sockets)

    async def close(self) -> None:
        """Stop serving."""
        if self._server is None:
            return
        self._server.stop()
        await self._server.close_all_connections()
