"""The database goes away and comes back: requests that need it get a 503, and nothing is lost."""

import pytest

from tests.support.outages import LOOK, Outage
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

GONE = [Outage.stopped, Outage.killed, Outage.connections_used_up, Outage.wire_reset]


@pytest.mark.parametrize("fault", GONE, ids=lambda fault: fault.__name__)
def test_requests_that_need_the_database_are_503_until_it_is_back(crowd, outage, fault):
    crowd.run_through(fault(outage), 2 * LOOK)
    outage.assert_promises_kept(crowd)
    outage.assert_readiness_followed(crowd)


def test_no_session_is_lost_when_connections_are_terminated_repeatedly(crowd, outage):
    crowd.run_through(outage.every_backend_terminated(), 0.5)
    outage.assert_promises_kept(crowd)


def test_database_answers_that_take_200_ms_longer_cause_no_error(crowd, relay, site):
    """Both open connections and new ones are slow."""
    told = len(site.output)
    relay.reset()
    relay.delay(0.2)
    with crowd:
        crowd.go_on(2.0)
    assert [
        asked for asked in crowd.of_members if not asked.good and not asked.is_promised_503
    ] == []
    slow = [asked for asked in crowd.of_members[8:] if not asked.good]
    assert slow == []
    assert "TimedOut" not in site.output[told:]
    relay.delay(0)
    crowd.assert_nothing_lost()


def test_the_start_and_the_end_of_an_outage_are_each_logged_once(site, relay):
    """Not for each request: there may be thousands in a second."""
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
    # A connection may be refused in several ways, and each is logged.
    assert 1 <= len(away) <= 6, trouble
    assert [line for line in trouble if "Unavailable" in line] == []
