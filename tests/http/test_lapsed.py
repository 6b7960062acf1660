"""Valid cookies of sessions that are gone (G2), and the lifetimes of sessions."""

import time

import pytest

from tests.support.sids import count_sessions, sid_of, stored
from tests.support.visitor import Visitor

EXPIRED = (
    "update session set expire = (now() at time zone 'utc') - interval '1 second' where id = %s"
)
ENDINGS = {
    "expired": lambda visitor, database: database.execute(EXPIRED, id_of(visitor)),
    "pruned": lambda visitor, database: database.execute(
        "delete from session where id = %s", id_of(visitor)
    ),
    "signed out": lambda visitor, _: visitor.twin().sign_out(),
}


def id_of(visitor):
    return visitor.session()["session"]["id"]


def move(database, visitor, change):
    """Change the times in the row of the visitor's session."""
    assert database.execute(f"update session set {change} where id = %s", id_of(visitor)) == 1


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_write_to_a_lapsed_session_is_refused_and_leaves_no_row_and_no_cookie(
    visitor, shared_database, ending
):
    visitor.put_place("lisbon")
    cookie, sid = visitor.cookie, sid_of(visitor, shared_database)
    ENDINGS[ending](visitor, shared_database)
    before = count_sessions(shared_database)
    answer = visitor.put_place("oslo")
    assert (answer.status, answer.error, answer.cookies) == (401, "session_ended", [])
    assert (visitor.cookie, count_sessions(shared_database)) == (cookie, before)
    assert visitor.places() == []
    assert visitor.register().status == 201
    assert visitor.put_place("oslo").status == 201
    assert ending == "expired" or not stored(shared_database, sid)


def test_signing_out_of_a_lapsed_session_clears_the_cookie(visitor, shared_database):
    visitor.put_place("lisbon")
    shared_database.execute("delete from session where id = %s", id_of(visitor))
    answer = visitor.sign_out()
    assert answer.status == 204
    assert [cookie.clears for cookie in answer.cookies] == [True]
    assert visitor.put_place("oslo").status == 201


def test_with_cookies_of_two_sessions_neither_session_is_used(site, new_visitor, shared_database):
    victim, attacker = new_visitor(), new_visitor()
    victim.put_place("lisbon")
    attacker.put_place("trap")
    both = {"Cookie": f"nestmap.sid={attacker.cookie}; nestmap.sid={victim.cookie}"}
    both_cookies = Visitor(site.url)
    assert both_cookies.get("/api/places", headers=both).json == {"places": []}
    assert (
        both_cookies.request("PUT", "/api/places/x", json={"name": "x"}, headers=both).status == 401
    )
    assert both_cookies.post("/api/auth/logout", headers=both).status == 204
    assert attacker.places() == victim.places() == []


def test_a_session_that_is_written_every_20_seconds_is_alive_after_13_hours(
    visitor, shared_database
):
    """The times in the database are moved by 20 seconds between two writes."""
    visitor.register()
    cookies = 0
    for turn in range(12):
        move(
            shared_database,
            visitor,
            "expire = expire - interval '20 s', renewed_at = renewed_at - interval '20 s',"
            " authenticated_at = authenticated_at - interval '20 s'",
        )
        cookies += len(visitor.post("/api/auth/confirm", json={"password": "wrong"}).cookies)
        cookies += len(visitor.get("/api/places").cookies)
        assert turn or visitor.signed_in()
    # Four minutes are four touch intervals, with one renewal each.
    assert 3 <= cookies <= 4
    for _ in range(14):
        move(
            shared_database,
            visitor,
            "expire = expire - interval '1 h', renewed_at = renewed_at - interval '1 h',"
            " authenticated_at = authenticated_at - interval '1 h'",
        )
        assert visitor.signed_in()


def test_the_absolute_lifetime_of_a_sign_in_counts_from_the_sign_in(visitor, shared_database):
    visitor.put_place("lisbon")
    move(shared_database, visitor, "created_at = now() - interval '6 d 23 h 59 min'")
    visitor.register()
    move(
        shared_database,
        visitor,
        "authenticated_at = authenticated_at - interval '6 d', created_at = now() - interval '13 d'",
    )
    assert visitor.signed_in()
    move(shared_database, visitor, "authenticated_at = now() - interval '7 d 1 s'")
    assert not visitor.signed_in()


SLOW, DIRECT = 0, 1


def test_a_late_response_with_the_old_sid_does_not_replace_the_new_cookie(tourist, relay):
    """Repeated 200 times over a slow connection, on two instances."""
    tourist.register()
    tourist.sign_out()
    relay.delay(0.02)
    kept = 0
    for turn in range(25):
        tourist.jar.clear()
        tourist.put_place("before", at=DIRECT)
        late = [tourist.send_place(f"p{n}", at=SLOW) for n in range(8)]
        assert tourist.sign_in(at=DIRECT).status == 200
        cookie = tourist.cookie
        for each in late:
            answer = each.answer()
            # It was handled before the sign-in, or after it, when the old sid is no longer valid.
            assert answer.status in {201, 401}
            assert answer.cookies == []
            kept += tourist.cookie == cookie
        assert tourist.signed_in(at=turn % 2)
    assert kept == 200


@pytest.mark.long
def test_a_late_write_is_not_made_after_its_503(tourist, shared_database, relay):
    """A write that waited for a lock until its request got a 503 is not made later."""
    tourist.put_place("lisbon", at=DIRECT)
    with shared_database.transaction("lock table session in exclusive mode"):
        answer = tourist.put_place("oslo", at=DIRECT)
    assert answer.status == 503
    time.sleep(0.5)  # longer than the lock timeout of a statement that might still wait
    assert tourist.place_ids(at=DIRECT) == ["lisbon"]
