"""Collects all families of metrics from the counters of the site."""

import platform
import time
from collections.abc import Iterator

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from nestmap import __version__
from nestmap.metrics.builders import gauge, histogram
from nestmap.metrics.lag import LoopLag
from nestmap.metrics.of_sessions import of_answers, of_batches, of_events, of_pruning, of_sample
from nestmap.metrics.of_site import of_database, of_requests, of_sign_ins
from nestmap.metrics.requests import RequestFigures
from nestmap.metrics.sample import LastSample
from nestmap.services import Services


class SiteCollector(Collector):
    """Yields the metrics of this process. Clients can't create new values of labels."""

    def __init__(
        self, services: Services, requests: RequestFigures, lag: LoopLag, sample: LastSample
    ) -> None:
        self._services = services
        self._requests = requests
        self._lag = lag
        self._sample = sample
        self._since = time.time()
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        sessions = self._services.sessions
        yield from of_requests(self._services, self._requests)
        yield from of_batches(sessions)
        yield from of_answers(sessions)
        yield from of_database(self._services)
        yield from of_sample(self._sample.figures)
        yield from of_pruning(sessions, self._since)
        yield from of_sign_ins(self._services)
        yield from of_events(sessions, self._since)
        yield from self._of_process()

    def _of_process(self) -> Iterator[Metric]:
        yield histogram(
            "nestmap_event_loop_lag_seconds",
            "Delay of timers in the event loop, measured four times a second.",
            (),
            {(): self._lag.seconds},
        )
        yield gauge(
            "nestmap_build_info",
            "1, with the versions in the labels.",
            ("version", "python"),
            {(__version__, platform.python_version()): 1.0},
        )
        yield from self._process.collect()
