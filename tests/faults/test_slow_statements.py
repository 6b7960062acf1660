"""Statements that wait, run out of time or are cancelled: told honestly, and nothing dies of it."""

import pytest

from tests.support.sids import sid_of
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

LOCK = "lock table session in access exclusive mode"
CANCEL = """
select count(pg_cancel_backend(pid)) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""


@pytest.fixture
def background(shared_database, site):
    """Fails when an expired session is not pruned any more, or when something died."""
    yield
    leaving = Visitor(site.url)
    leaving.put_place("lisbon")
    sid = sid_of(leaving, shared_database)
    shared_database.execute(
        "update session set expire = now() at time zone 'utc' - interval '1 s' where sid = %s", sid
    )
    gone = "select not exists (select from session where sid = %s)"
    wait_until(lambda: shared_database.value(gone, sid), "the pruner to go on", seconds=4)
    assert "Traceback" not in site.output
    assert "failed" not in site.output.replace("prune failed, will try again", "")


def test_a_table_that_is_locked_for_five_seconds_is_an_outage(
    crowd, outage, shared_database, background
):
    with crowd:
        crowd.go_on(0.3)
        with outage.while_held(shared_database.transaction(LOCK)):
            crowd.go_on(5.0)
        crowd.go_on(1.3)
    outage.assert_borne(crowd)


def test_a_statement_that_is_cancelled_is_503_and_the_next_one_is_served(
    crowd, outage, shared_database, background
):
    with crowd:
        crowd.go_on(0.3)
        with outage.while_held(shared_database.transaction(LOCK)):
            for _ in range(10):
                crowd.go_on(0.1)
                shared_database.value(CANCEL)
        crowd.go_on(1.3)
    outage.assert_borne(crowd)
    assert [asked for asked in crowd.of_members if asked.honest]
