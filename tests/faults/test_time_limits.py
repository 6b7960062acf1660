"""A request as a whole has a time limit, also if no statement exceeds its own."""

import time

import pytest

from tests.support.machine import MACHINE
from tests.support.visitor import Visitor

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
