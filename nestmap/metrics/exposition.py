"""Renders the metrics as text: of this process or, from their files, of all workers."""

import asyncio
import os

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from nestmap.metrics.collector import SiteCollector
from nestmap.metrics.workers import VARIABLE, WorkerFiles

INTERVAL = 1.0  # seconds between two writes of a worker's files


class Exposition:
    """Renders the metrics. ``worker`` is the number of this worker, None if it is the only process."""

    def __init__(self, collector: SiteCollector, worker: int | None) -> None:
        self._collector = collector
        self._registry = CollectorRegistry()
        self._files = None if worker is None else WorkerFiles(worker)
        if self._files is None:
            self._registry.register(collector)
        else:
            MultiProcessCollector(self._registry, os.environ[VARIABLE])  # type: ignore[no-untyped-call]

    async def render(self) -> bytes:
        """Return the text format of Prometheus. Metrics of other workers are up to a second old."""
        if self._files is None:
            return generate_latest(self._registry)
        self.write()
        # Reading the files of many workers would block the event loop for too long.
        return await asyncio.to_thread(generate_latest, self._registry)

    async def run(self) -> None:
        """Write the files of this worker every second, until cancelled."""
        while self._files is not None:
            self.write()
            await asyncio.sleep(INTERVAL)

    def write(self) -> None:
        """Write changed values if there are files."""
        if self._files is not None:
            self._files.write(self._collector.collect())
