"""The database goes away and comes back: those who need it are told so, and lose nothing."""

import pytest

from tests.support.outages import LOOK, Outage
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

GONE = [Outage.stopped, Outage.killed, Outage.connections_used_up, Outage.wire_reset]


@pytest.mark.parametrize("fault", GONE, ids=lambda fault: fault.__name__)
def test_an_outage_is_503_for_those_who_need_the_database_and_ends_with_it(crowd, outage, fault):
    crowd.live_through(fault(outage), 2 * LOOK)
    outage.assert_borne(crowd)
    outage.assert_seen_by_the_balancer(crowd)


def test_connections_that_are_terminated_again_and_again_cost_no_session(crowd, outage):
    crowd.live_through(outage.every_backend_terminated(), 0.5)
    outage.assert_borne(crowd)


def test_an_answer_that_takes_200_ms_more_is_late_and_nothing_else(crowd, relay, site):
    """The connections that there are, and those that are made."""
    told = len(site.output)
    relay.reset()
    relay.delay(0.2)
    with crowd:
        crowd.go_on(2.0)
    assert [asked for asked in crowd.of_members if not asked.good and not asked.honest] == []
    slow = [asked for asked in crowd.of_members[8:] if not asked.good]
    assert slow == []
    assert "TimedOut" not in site.output[told:]
    relay.delay(0)
    crowd.assert_all_as_before()


def test_the_log_says_once_that_the_database_is_away_and_once_that_it_is_back(site, relay):
    """Not with each request, of which there may be thousands in a second."""
    visitor = Visitor(site.url)
    visitor.put_place("lisbon")
    told = len(site.output)
    relay.refuse()
    for _ in range(30):
        assert visitor.put_place("lisbon").status == 503
        assert visitor.get("/api/places").status == 503
    relay.accept()
    wait_until(lambda: visitor.get("/api/places").status == 200, "the site to recover")
    back = "connected to the database again after "
    wait_until(lambda: back in site.output[told:], "the log to say so")
    trouble = [line for line in site.output[told:].splitlines() if "WARNING" in line]
    away = [line for line in trouble if "can't connect to the database: host 127.0.0.1" in line]
    # A connection may be refused in several ways, each of which is told.
    assert 1 <= len(away) <= 6, trouble
    assert [line for line in trouble if "Unavailable" in line] == []
