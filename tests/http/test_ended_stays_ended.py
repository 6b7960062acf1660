"""G2: a session that was ended stays ended, also if another of its requests comes later."""

import pytest

from tests.support.relay import UPDATE
from tests.support.sids import count_sessions, sid_of, stored
from tests.support.visitor import PASSWORD, Visitor, new_email

SLOW, DIRECT = 0, 1


def test_a_late_change_of_an_ended_session_is_401_and_stores_nothing(
    tourist, relay, shared_database
):
    tourist.register()
    sid = sid_of(tourist, shared_database)
    relay.hold()
    late = tourist.send_place("lisbon", at=SLOW)
    relay.wait_for_held()
    assert tourist.sign_out(at=DIRECT).status == 204
    relay.release()
    answer = late.answer()
    assert (answer.status, answer.error) == (401, "session_ended")
    assert not [cookie for cookie in answer.cookies if not cookie.clears]
    assert not stored(shared_database, sid)
    assert not tourist.signed_in(at=SLOW)
    assert not tourist.signed_in(at=DIRECT)


def test_a_late_change_of_an_ended_session_of_a_visitor_is_401_and_stores_nothing(
    tourist, relay, shared_database
):
    """The places of a visitor are in the session itself."""
    tourist.put_place("oslo")
    sid = sid_of(tourist, shared_database)
    relay.hold(UPDATE)
    late = tourist.send_place("lisbon", at=SLOW)
    relay.wait_for_held()
    assert tourist.post("/forget", form={}, at=DIRECT).status == 303
    assert not stored(shared_database, sid)
    relay.release()
    answer = late.answer()
    assert (answer.status, answer.error) == (401, "session_ended")
    assert not [cookie for cookie in answer.cookies if not cookie.clears]
    assert not stored(shared_database, sid)


def test_a_late_sign_in_does_not_revive_the_session_it_started_from(
    tourist, relay, shared_database
):
    tourist.register()
    sid = sid_of(tourist, shared_database)
    relay.hold()
    late = tourist.send(
        "POST",
        "/api/auth/login",
        json={"email": tourist.email, "password": "correct horse battery staple"},
        at=SLOW,
    )
    relay.wait_for_held()
    tourist.sign_out(at=DIRECT)
    relay.release()
    assert late.answer().status in {200, 401}
    assert not stored(shared_database, sid)


def test_a_late_renewal_does_not_revive_an_ended_session(tourist, relay, shared_database):
    tourist.register()
    sid = sid_of(tourist, shared_database)
    shared_database.execute(
        "update session set renewed_at = renewed_at - interval '10 minutes' where sid = %s", sid
    )
    relay.hold()
    late = tourist.send("GET", "/api/places", at=SLOW)
    relay.wait_for_held()
    tourist.sign_out(at=DIRECT)
    relay.release()
    answer = late.answer()
    assert answer.status in {200, 401}
    assert not [cookie for cookie in answer.cookies if not cookie.clears]
    assert not stored(shared_database, sid)
    assert not tourist.signed_in()


def test_a_late_sign_out_ends_the_session_under_its_new_sid(tourist, relay, shared_database):
    tourist.register()
    relay.hold()
    late = tourist.send("POST", "/api/auth/logout", at=SLOW)
    relay.wait_for_held()
    assert tourist.sign_in(at=DIRECT).status == 200
    sid = sid_of(tourist, shared_database)
    relay.release()
    assert late.answer().status == 204
    assert not stored(shared_database, sid)


def test_a_late_sign_out_leaves_the_session_of_another_user(tourist, relay, shared_database):
    """It was asked for the session of the first user, which the sign-in has ended."""
    tourist.register()
    first, tourist.email = tourist.email, new_email()
    tourist.sign_out()
    tourist.register()
    relay.hold()
    late = tourist.send("POST", "/api/auth/logout", at=SLOW)
    relay.wait_for_held()
    tourist.email = first
    assert tourist.sign_in(at=DIRECT).status == 200
    sid = sid_of(tourist, shared_database)
    relay.release()
    assert late.answer().status == 204
    assert stored(shared_database, sid)


def test_deleting_an_account_ends_its_sessions(tourist, relay, shared_database):
    tourist.register()
    sid = sid_of(tourist, shared_database)
    relay.hold()
    late = tourist.send_place("lisbon", at=SLOW)
    relay.wait_for_held()
    password = {"password": PASSWORD}
    assert tourist.request("DELETE", "/api/account", json=password, at=DIRECT).status == 204
    relay.release()
    assert late.answer().status == 401
    assert not stored(shared_database, sid)


def test_sessions_of_an_account_that_was_deleted_by_sql_are_ended_and_store_nothing(
    tourist, relay, shared_database
):
    tourist.register()
    relay.hold()
    late = tourist.send_place("lisbon", at=SLOW)
    relay.wait_for_held()
    shared_database.execute("delete from nestmap.users where email = %s", tourist.email)
    relay.release()
    assert late.answer().status == 401
    assert not tourist.signed_in(at=SLOW)
    assert not tourist.signed_in(at=DIRECT)
    assert tourist.put_place("oslo").error == "session_ended"


@pytest.fixture
def slow_pair(shared_database, relay, start_shared_instance, pair):
    """Start two instances, both behind one slow relay, and open their connections."""
    started = [pair[0], start_shared_instance(shared_database.url_at(relay.port))]
    for instance in started:
        Visitor(instance.url).register()
    relay.delay(0.02)
    return started


@pytest.mark.long
def test_signing_out_with_twelve_changes_in_flight_is_final(slow_pair, relay, shared_database):
    """Repeated twenty times, on two instances, over a slow connection."""
    visitor = Visitor(*(instance.url for instance in slow_pair))
    visitor.register()
    visitor.sign_out()
    shared_database.execute("delete from session")
    for _ in range(20):
        assert visitor.sign_in().status == 200
        thief = visitor.twin()
        relay.hold()
        changes = [visitor.send_place(f"p{number}", at=number % 2) for number in range(12)]
        # Loads are answered in order: after these two, all twelve requests have loaded the session.
        assert thief.signed_in(at=0)
        assert thief.signed_in(at=1)
        sign_out = visitor.send("POST", "/api/auth/logout", at=0)
        relay.wait_for_held(2)
        relay.release()
        assert sign_out.answer().status == 204
        assert {change.answer().status for change in changes} <= {200, 201, 401}
        assert not visitor.signed_in(at=0)
        assert not thief.signed_in(at=1)
        assert count_sessions(shared_database) == 0
