"""A wire that says nothing at all: three kinds at once, each with a site of its own, for they take long."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.crowd import Crowd
from tests.support.outages import Outage
from tests.support.relay import Relay

AWAY = 5.2  # longer than anyone may be kept waiting


@pytest.fixture
def new_crowd(fragile, shared_database, start_instance):
    """A crowd before a site of its own, and what may happen to its wire."""
    relays = []

    def new_crowd():
        relays.append(Relay(fragile.port))
        site = start_instance(shared_database.url_at(relays[-1].port))
        outage = Outage(fragile, fragile.database(shared_database.name), relays[-1])
        return Crowd(site.url), outage

    yield new_crowd
    for relay in relays:
        relay.close()


def frozen(crowd, outage):
    with crowd:
        crowd.go_on(0.3)
        with outage.wire_frozen():
            crowd.go_on(AWAY)
        crowd.go_on(1.3)
    outage.assert_borne(crowd)
    outage.assert_seen_by_the_balancer(crowd)


def swallowing(crowd, outage):
    with crowd:
        crowd.go_on(0.3)
        with outage.wire_swallowing():
            crowd.go_on(AWAY)
        crowd.go_on(1.3)
    outage.assert_borne(crowd)
    outage.assert_seen_by_the_balancer(crowd)


def gone_dead(crowd, outage):
    """Whoever connects anew is served, so it takes one bound to find out, and no more."""
    with crowd:
        crowd.go_on(0.3)
        with outage.wire_swallowing_once():
            crowd.go_on(AWAY + 1.3)
    outage.assert_borne(crowd, within=5)


def test_who_needs_the_database_is_told_in_time_and_all_is_well_when_it_is_back(new_crowd):
    stories = {story: new_crowd() for story in (frozen, swallowing, gone_dead)}
    with ThreadPoolExecutor() as pool:
        told = {story: pool.submit(story, *stories[story]) for story in stories}
    for story in told.values():
        story.result()
