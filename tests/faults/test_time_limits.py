"""A request as a whole has a time limit, also if no statement exceeds its own."""

import time

import pytest

from tests.support.machine import MACHINE
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

DELAY = 0.4
CHANGES = 12
SLOW = 2.2  # a statement may take a little longer; three of them may not


@pytest.fixture
def member(site):
    member = Visitor(site.url)
    member.register()
    member.sign_out()
    member.put_place("lisbon")
    return member


def test_a_sign_in_of_several_slow_statements_is_503_before_they_are_all_done(member, relay):
    relay.delay(SLOW)
    MACHINE.watch()
    began = time.monotonic()
    answer = member.sign_in()
    ended = time.monotonic()
    relay.delay(0)
    assert answer.status == 503
    assert answer.cookies == []
    assert MACHINE.in_time(began, ended, 3 * SLOW)


def test_many_changes_of_one_session_at_once_share_statements(member, relay):
    """One after the other, they would take longer than a request may."""
    relay.delay(DELAY)
    places = [f"p{number:02}" for number in range(CHANGES)]
    sent = [member.send_place(place) for place in places]
    assert [one.answer().status for one in sent] == [201] * CHANGES
    relay.delay(0)
    assert member.place_ids() == ["lisbon", *places]
