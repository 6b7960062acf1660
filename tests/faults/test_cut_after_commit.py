"""A connection that is cut between a commit and its answer: each visitor gets a correct response."""

import re

import pytest

from tests.support.sids import count_sessions, sid_of, stored
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

USERS = re.compile(rb"insert\s+into\s+nestmap\.users", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _alone(shared_database):
    shared_database.execute("delete from session")


@pytest.fixture
def member(visitor):
    visitor.register()
    visitor.put_place("lisbon")
    return visitor


def test_a_first_place_is_stored_once(visitor, relay, shared_database):
    relay.cut_after_next()
    assert visitor.put_place("lisbon").status == 201
    assert visitor.place_ids() == ["lisbon"]
    assert count_sessions(shared_database) == 1


def test_a_change_is_stored(visitor, relay):
    visitor.put_place("lisbon")
    relay.cut_after_next()
    assert visitor.put_place("oslo").status == 201
    relay.cut_after_next()
    assert visitor.delete_place("lisbon").status == 204
    assert visitor.place_ids() == ["oslo"]


def test_a_change_of_an_account_is_503_and_can_be_repeated(member, relay):
    """The site does not repeat it, since a later change may exist; the same request again does no harm."""
    relay.cut_after_next()
    assert member.put_place("oslo").status == 503
    assert member.put_place("oslo").status == 200
    assert member.place_ids() == ["lisbon", "oslo"]
    assert member.signed_in()


def test_a_sign_in_leaves_one_session_under_its_new_sid(member, relay, shared_database):
    old, thief = sid_of(member, shared_database), member.twin()
    relay.cut_after_next()
    assert member.sign_in().status == 200
    assert member.signed_in()
    assert member.place_ids() == ["lisbon"]
    assert not stored(shared_database, old)
    assert not thief.signed_in()
    assert count_sessions(shared_database) == 1


def test_a_sign_out_is_final(member, relay, shared_database):
    thief = member.twin()
    relay.cut_after_next()
    assert member.sign_out().status == 204
    assert count_sessions(shared_database) == 0
    assert not thief.signed_in()


def test_a_renewal_is_stored(member, relay, shared_database):
    shared_database.execute("update session set renewed_at = renewed_at - interval '10 minutes'")
    relay.cut_after_next()
    answer = member.get("/api/places")
    assert answer.status == 200
    assert answer.cookies
    left = "select expire - now() at time zone 'utc' > interval '11 hours 59 minutes' from session"
    assert shared_database.value(left)


def test_a_repeated_change_does_not_revive_a_session_that_was_signed_out_meanwhile(
    shared_database, relay, pair
):
    """It is committed, cut, ended by the other instance, and then repeated."""
    member = Visitor(*(instance.url for instance in pair))
    member.put_place("lisbon")
    relay.cut_after_next(hold_repeat=True)
    late = member.send_place("oslo")
    relay.wait_for_held()
    assert member.sign_out(at=1).status == 204
    relay.release()
    assert late.answer().status in {201, 401}
    assert count_sessions(shared_database) == 0


def test_each_of_many_requests_in_a_cut_batch_gets_the_right_response(site, relay, shared_database):
    """One batch has them all, and its connection is cut."""
    visitors = [Visitor(site.url) for _ in range(20)]
    for visitor in visitors:
        visitor.put_place("lisbon")
    relay.cut_after_next()
    sent = [visitor.send_place("oslo") for visitor in visitors]
    assert {each.answer().status for each in sent} == {201}
    for visitor in visitors:
        assert visitor.place_ids() == ["lisbon", "oslo"]
    assert count_sessions(shared_database) == len(visitors)


def test_a_person_whose_registration_was_cut_can_sign_in(visitor, relay):
    """The response is a 503 and the account was made all the same."""
    relay.cut_after_next(USERS)
    answer = visitor.register()
    if answer.status == 503:
        assert answer.cookies == []
        answer = visitor.sign_in()
    assert answer.status in {200, 201}
    assert visitor.signed_in()
