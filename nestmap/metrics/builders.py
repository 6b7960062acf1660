"""Makes metric families from plain numbers."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from nestmap.measures import Distribution

Labels = tuple[str, ...]
Family = TypeVar("Family", CounterMetricFamily, GaugeMetricFamily)


def counter(
    name: str, text: str, labels: Iterable[str], values: Mapping[Labels, float]
) -> CounterMetricFamily:
    """Return a counter with one sample for each tuple of label values."""
    return _filled(CounterMetricFamily(name, text, labels=list(labels)), values)


def total(name: str, text: str, value: float) -> CounterMetricFamily:
    """Return a counter without labels."""
    return CounterMetricFamily(name, text, value=value)


def gauge(
    name: str, text: str, labels: Iterable[str], values: Mapping[Labels, float]
) -> GaugeMetricFamily:
    """Return a gauge with one sample for each tuple of label values."""
    return _filled(GaugeMetricFamily(name, text, labels=list(labels)), values)


def level(name: str, text: str, value: float) -> GaugeMetricFamily:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, text, value=value)


def histogram(
    name: str, text: str, labels: Iterable[str], values: Mapping[Labels, Distribution]
) -> HistogramMetricFamily:
    """Return a histogram with the buckets of each distribution."""
    family = HistogramMetricFamily(name, text, labels=list(labels))
    for of_labels, distribution in values.items():
        family.add_metric(of_labels, _buckets(distribution), distribution.sum)
    return family


def _filled(family: Family, values: Mapping[Labels, float]) -> Family:
    for of_labels, value in values.items():
        family.add_metric(of_labels, value)
    return family


def _buckets(distribution: Distribution) -> list[Any]:
    bounds = [*map(floatToGoString, distribution.bounds), "+Inf"]
    return list(zip(bounds, accumulate(distribution.counts), strict=True))


Families = Iterable[Metric]
