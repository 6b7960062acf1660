"""Two lifetimes: idle, renewed by use, and absolute."""

from nestmap.sessions import Lifetimes

LIFETIMES = Lifetimes(idle=1000, absolute=5000, touch=60)


def test_a_renewal_lasts_the_idle_lifetime():
    assert LIFETIMES.ends(now=100, created_at=0) == 1100


def test_but_never_past_the_absolute_one():
    assert LIFETIMES.ends(now=4500, created_at=0) == 5000


def test_a_renewal_is_due_when_it_moves_the_expiry_by_the_touch_interval():
    assert not LIFETIMES.due(now=59, created_at=0, expires_at=1000)
    assert LIFETIMES.due(now=60, created_at=0, expires_at=1000)


def test_near_the_absolute_end_no_renewal_is_due_for_nothing():
    assert not LIFETIMES.due(now=4900, created_at=0, expires_at=5000)


def test_without_a_touch_interval_every_answer_renews():
    always = Lifetimes(idle=1000, absolute=5000, touch=0)
    assert always.due(now=0, created_at=0, expires_at=1000)
