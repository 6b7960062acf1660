"""G3: signing in changes the sid and invalidates the old one; a failed sign-in changes nothing."""

from tests.support.sabotage import refused_writes
from tests.support.sids import count_sessions, sid_of, stored


def test_signing_in_gives_a_new_sid_and_the_old_one_is_invalid(visitor, shared_database):
    visitor.register()
    visitor.sign_out()
    visitor.put_place("lisbon")
    before, sessions = sid_of(visitor, shared_database), count_sessions(shared_database)
    thief = visitor.twin()
    visitor.sign_in()
    after = sid_of(visitor, shared_database)
    assert after != before
    assert not stored(shared_database, before)
    assert count_sessions(shared_database) == sessions
    assert not thief.signed_in()
    assert thief.places() == []


def test_registering_gives_a_new_sid_too(visitor, shared_database):
    visitor.put_place("lisbon")
    before = sid_of(visitor, shared_database)
    thief = visitor.twin()
    visitor.register()
    assert not stored(shared_database, before)
    assert not thief.signed_in()


def test_signing_in_again_gives_a_new_sid_too(visitor, shared_database):
    visitor.register()
    before = sid_of(visitor, shared_database)
    thief = visitor.twin()
    visitor.sign_in()
    assert not stored(shared_database, before)
    assert not thief.signed_in()


def test_a_rotation_keeps_the_time_of_creation(visitor, shared_database):
    """Otherwise a rotation would extend the absolute lifetime."""
    visitor.register()
    age = "update session set created_at = created_at - interval '1 day' where sid = %s"
    shared_database.execute(age, sid_of(visitor, shared_database))
    before = visitor.session()["session"]["created_at"]
    visitor.sign_in()
    assert visitor.session()["session"]["created_at"] == before


def test_a_failed_sign_in_changes_nothing(visitor, shared_database):
    visitor.put_place("lisbon")
    cookie, sid = visitor.cookie, sid_of(visitor, shared_database)
    row = shared_database.one("select * from session where sid = %s", sid)
    assert visitor.sign_in(password="not the right one").cookies == []
    assert visitor.cookie == cookie
    assert shared_database.one("select * from session where sid = %s", sid) == row


def test_a_failed_sign_in_stores_nothing_for_a_new_visitor(visitor, shared_database):
    before = count_sessions(shared_database)
    assert visitor.sign_in(password="not the right one").cookies == []
    assert count_sessions(shared_database) == before


def test_a_sign_in_that_is_not_committed_leaves_the_old_sid(visitor, shared_database):
    visitor.register()
    visitor.sign_out()
    visitor.put_place("lisbon")
    sid = sid_of(visitor, shared_database)
    with refused_writes(shared_database):
        assert visitor.sign_in().status == 503
    assert sid_of(visitor, shared_database) == sid


def test_two_sign_ins_at_once_leave_one_session_that_works(visitor, shared_database):
    visitor.register()
    visitor.sign_out()
    visitor.put_place("lisbon")
    before = count_sessions(shared_database)
    credentials = {"email": visitor.email, "password": "correct horse battery staple"}
    sent = [visitor.send("POST", "/api/auth/login", json=credentials) for _ in range(2)]
    assert sorted(each.answer().status for each in sent) in ([200, 200], [200, 401])
    assert visitor.signed_in()
    assert visitor.place_ids() in (["lisbon"], [])
    assert before <= count_sessions(shared_database) <= before + 1
