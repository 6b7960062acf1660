"""Metrics of several processes: each writes its own to files, and any of them can serve all.

The files are those of prometheus_client's multi-process mode, one set per worker instead of one per
process: a restarted worker continues with the counts of its predecessor, so that counters never
decrease and old files do not accumulate.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import mark_process_dead
from prometheus_client.values import MultiProcessValue

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

# How the gauges of several processes are combined; all others are summed.
MODES = {
    "nestmap_database_up": "livemin",
    "nestmap_sessions_last_prune_timestamp_seconds": "max",
    "nestmap_sessions_prune_interval_seconds": "livemax",
    "nestmap_sessions": "livemax",
    "nestmap_sessions_users": "livemax",
    "nestmap_sessions_table_bytes": "livemax",
    "nestmap_sessions_sample_timestamp_seconds": "livemax",
    "nestmap_events_sealed_timestamp_seconds": "max",
    "nestmap_events_unsealed": "livemax",
    "nestmap_events_chain_faults": "livemax",
    "nestmap_build_info": "livemax",
    "process_start_time_seconds": "livemax",
    "process_max_fds": "livemin",
}

SampleKey = tuple[str, tuple[tuple[str, str], ...]]


def share_folder() -> tuple[str, Callable[[], None]]:
    """Make the folder of the files before the workers start; return it and a function that removes it."""
    folder = tempfile.mkdtemp(prefix="nestmap-metrics-")
    os.environ[VARIABLE] = folder
    return folder, lambda: shutil.rmtree(folder, ignore_errors=True)


def forget_worker(folder: str, number: int) -> None:
    """Remove the gauges of an ended worker; its counters are kept."""
    mark_process_dead(number, folder)  # type: ignore[no-untyped-call]


class WorkerFiles:
    """The files of one worker."""

    def __init__(self, number: int) -> None:
        self._value = MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
        self._samples: dict[SampleKey, _Sample] = {}

    def write(self, families: Iterable[Metric]) -> None:
        """Write the values that have changed."""
        for family in families:
            for name, labels, value in _samples(family):
                key = (name, tuple(labels.items()))
                sample = self._samples.get(key)
                if sample is None:
                    sample = self._samples[key] = self._open(family, name, labels)
                sample.set(value)

    def _open(self, family: Metric, name: str, labels: dict[str, str]) -> "_Sample":
        value = self._value(
            family.type,
            family.name,
            name,
            tuple(labels),
            tuple(labels.values()),
            family.documentation,
            multiprocess_mode=MODES.get(family.name, "livesum"),
        )
        return _Sample(value, 0.0 if family.type == "gauge" else value.get())


class _Sample:
    """One value in a file, added to the count of the previous worker."""

    __slots__ = ("_before", "_last", "_value")

    def __init__(self, value: Any, before: float) -> None:
        self._value = value
        self._before = before
        self._last: float | None = None

    def set(self, value: float) -> None:
        if value != self._last:
            self._last = value
            self._value.set(self._before + value)


def _samples(family: Metric) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield the samples as they are in files: buckets not cumulative, and without a count."""
    below = 0.0
    for sample in family.samples:
        value = sample.value
        if family.type == "histogram":
            if sample.name.endswith("_count"):
                continue
            if sample.name.endswith("_bucket"):
                last = sample.labels["le"] == "+Inf"
                value, below = value - below, 0.0 if last else value
        yield sample.name, sample.labels, value
