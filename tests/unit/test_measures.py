"""Distributions, and the delay of the event loop."""

import asyncio
import time
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from nestmap.measures import Distribution
from nestmap.metrics.builders import histogram
from nestmap.metrics.lag import LoopLag
from nestmap.metrics.requests import RequestFigures
from tests.support.metrics import parsed


class Families:
    def __init__(self, *families):
        self.families = families

    def collect(self):
        return self.families


@pytest.mark.parametrize(
    ("value", "place"), [(0.0, 0), (1.0, 0), (1.1, 1), (2.0, 1), (5.0, 2), (5.1, 3)]
)
def test_a_value_is_counted_in_the_first_bucket_whose_bound_it_does_not_exceed(value, place):
    distribution = Distribution((1.0, 2.0, 5.0))
    distribution.add(value)
    assert distribution.counts.index(1) == place
    assert sum(distribution.counts) == 1
    assert distribution.sum == value


def test_a_distribution_becomes_a_histogram_whose_buckets_add_up():
    distribution = Distribution((1.0, 2.0))
    for value in (0.5, 1.5, 1.5, 9.0):
        distribution.add(value)
    registry = CollectorRegistry()
    registry.register(Families(histogram("a_size", "A size.", ("kind",), {("x",): distribution})))
    found = parsed(generate_latest(registry).decode())
    buckets = [found.value("a_size_bucket", kind="x", le=le) for le in ("1.0", "2.0", "+Inf")]
    assert buckets == [1, 3, 4]
    assert found.value("a_size_count") == 4
    assert found.value("a_size_sum") == 12.5


def test_an_unknown_method_is_another_one():
    requests = RequestFigures()
    for method in ("GET", "BREW", "X" * 1000, "get"):
        requests.count("/", method, 405, 0.001)
    assert {method for _, method in requests.routes} == {"GET", "other"}
    assert requests.routes["/", "other"].statuses == {405: 3}


def test_a_loop_that_is_held_up_is_late():
    async def hold_up(lag: LoopLag) -> None:
        measuring = asyncio.ensure_future(lag.run())
        await asyncio.sleep(0)
        time.sleep(0.8)  # noqa: ASYNC251 (that is what is measured)
        await asyncio.sleep(0.01)
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring

    lag = LoopLag()
    asyncio.run(hold_up(lag))
    # It asked to be called after a quarter of a second, and was after 0.8 s at the earliest.
    assert sum(lag.seconds.counts) == 1
    assert lag.seconds.sum >= 0.5
