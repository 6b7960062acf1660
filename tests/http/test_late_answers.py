"""G4: a late response never overwrites a newer cookie."""

import pytest

from tests.support.visitor import PASSWORD

pytestmark = pytest.mark.long

SLOW, DIRECT = 0, 1


def test_a_response_after_a_sign_in_does_not_replace_its_cookie(tourist, relay):
    tourist.register()
    tourist.sign_out()
    tourist.put_place("lisbon")
    relay.hold()
    late = tourist.send_place("oslo", at=SLOW)
    relay.wait_for_held()
    assert tourist.sign_in(at=DIRECT).status == 200
    cookie = tourist.cookie
    relay.release()
    answer = late.answer()
    assert answer.status in {200, 201, 401}
    assert answer.cookies == []
    assert tourist.cookie == cookie
    assert tourist.signed_in()


def test_a_renewal_after_a_sign_in_does_not_replace_its_cookie(tourist, relay, shared_database):
    tourist.register()
    shared_database.execute("update session set renewed_at = renewed_at - interval '10 minutes'")
    relay.hold()
    late = tourist.send("GET", "/api/places", at=SLOW)
    relay.wait_for_held()
    assert tourist.sign_in(at=DIRECT).status == 200
    cookie = tourist.cookie
    relay.release()
    assert late.answer().cookies == []
    assert tourist.cookie == cookie
    assert tourist.signed_in()


def test_a_late_sign_out_of_the_old_session_keeps_the_cookie_of_a_newer_sign_in(tourist, relay):
    """One tab signs out after another tab signed in again: the newer cookie stays."""
    tourist.register()
    relay.hold()
    late = tourist.send("POST", "/api/auth/logout", at=SLOW)
    relay.wait_for_held()
    tourist.sign_in(at=DIRECT)
    relay.release()
    assert late.answer().status in {204, 401}


def test_a_sign_in_counts_at_once_on_the_other_instance(tourist, pair, relay):
    """Repeated 200 times, with 20 ms added to each answer of the database."""
    tourist.register()
    tourist.sign_out()
    relay.delay(0.02)
    visitors = [tourist.twin() for _ in range(4)]
    seen = 0
    credentials = {"email": tourist.email, "password": PASSWORD}
    for turn in range(50):
        here = turn % 2
        for visitor in visitors:
            visitor.jar.clear()
        sent = [v.send("POST", "/api/auth/login", json=credentials, at=here) for v in visitors]
        assert [each.answer().status for each in sent] == [200] * len(visitors)
        asked = [v.send("GET", "/api/auth/session", at=1 - here) for v in visitors]
        seen += sum(each.answer().json["authenticated"] for each in asked)
    assert seen == 200
