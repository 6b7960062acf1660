"""G4: a late answer never overwrites a newer cookie."""

from tests.support.visitor import PASSWORD

SLOW, DIRECT = 0, 1


def test_an_answer_later_than_a_sign_in_leaves_its_cookie_alone(tourist, relay):
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


def test_a_renewal_later_than_a_sign_in_leaves_its_cookie_alone(tourist, relay, shared_database):
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


def test_a_sign_out_later_than_a_sign_in_elsewhere_signs_nobody_out(tourist, relay):
    """Two tabs: one signs out, the other had signed in again meanwhile; the newer cookie stays."""
    tourist.register()
    relay.hold()
    late = tourist.send("POST", "/api/auth/logout", at=SLOW)
    relay.wait_for_held()
    tourist.sign_in(at=DIRECT)
    relay.release()
    assert late.answer().status in {204, 401}


def test_a_sign_in_is_seen_by_the_other_instance_at_once_every_time(tourist, pair, relay):
    """200 of 200, with 20 ms added to every answer of the database."""
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
