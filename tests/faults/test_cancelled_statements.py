"""Statements that PostgreSQL cancels: the request gets a 503 and the site goes on."""

import pytest

from tests.support.background_work import assert_background_goes_on

pytestmark = pytest.mark.long

LOCK = "lock table session in access exclusive mode"
CANCEL = """
select count(pg_cancel_backend(pid)) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""


def test_a_statement_that_is_cancelled_is_503_and_the_next_one_is_served(
    site, crowd, outage, shared_database
):
    with crowd:
        crowd.go_on(0.3)
        with outage.while_held(shared_database.transaction(LOCK)):
            for _ in range(10):
                crowd.go_on(0.1)
                shared_database.value(CANCEL)
        crowd.go_on(1.3)
    outage.assert_promises_kept(crowd)
    assert [asked for asked in crowd.of_members if asked.is_promised_503]
    assert_background_goes_on(site, shared_database)
