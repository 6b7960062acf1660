"""The session as a value: its states and its verbs."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from nestmap.sessions import (
    Client,
    Lapsed,
    Session,
    SessionEnded,
    SessionTextError,
    SessionTooLarge,
    SessionValueError,
)
from nestmap.sessions.planning import State, plan, state_of
from nestmap.sessions.records import Record
from nestmap.sessions.writes import End, Insert, Owner, Rotate, Touch, Update, Written

ADA, BOB = "ada", "bob"
WRITTEN = Written("sid", "public", 0.0, None, 100.0, 200.0, 100.0)


def loaded(data=None, *, owner=None, due=False) -> Session:
    data = {"a": 1, "list": [1]} if data is None else data
    record = Record(
        sid="old-sid",
        id="public",
        data=data,
        created_at=0.0,
        authenticated_at=None,
        expires_at=100.0,
        absolute_expires_at=1000.0,
        user_id=owner,
        user=owner,
        is_due=due,
    )
    return Session(1000, record)


def fresh() -> Session:
    return Session(1000)


def lapsed(reason=None, *, refuse=True, named=()) -> Session:
    gone = Lapsed(reason)
    may_begin = not (refuse or gone.needs_choice)
    return Session(1000, lapsed=gone, may_begin=may_begin, named=named)


def planned(session):
    return plan(session, Client)


def test_a_session_without_a_record_is_fresh_until_something_is_stored():
    session = fresh()
    assert state_of(session) is State.FRESH
    session["a"] = 1
    assert state_of(session) is State.NEW
    del session["a"]
    assert state_of(session) is State.FRESH


def test_a_fresh_session_is_new_after_a_sign_in():
    session = fresh()
    session.sign_in(ADA)
    assert state_of(session) is State.NEW
    assert session.user == ADA


def test_a_loaded_session_is_clean_or_due_while_it_is_only_read():
    for due, state in ((False, State.CLEAN), (True, State.DUE)):
        session = loaded(due=due)
        assert (session["a"], session["list"], session.get("b")) == (1, [1], None)
        assert state_of(session) is state


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.update(a=2),
        lambda session: session.pop("a"),
        lambda session: session["list"].append(2),
        lambda session: session.clear(),
        lambda session: session.setdefault("b", 1),
    ],
)
def test_any_change_makes_it_changed(change):
    session = loaded()
    change(session)
    assert state_of(session) is State.CHANGED


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.update(a=1),
        lambda session: session.update(list=[1]),
        lambda session: session["list"].extend([2]) or session["list"].pop(),
        lambda session: session.update(b=1) or session.pop("b"),
        lambda session: session.setdefault("a", 7),
        lambda session: session.update(map={"z": [{"d": 1, "c": 2}], "y": 1}),
    ],
)
def test_a_change_that_was_undone_is_no_change(change):
    session = loaded({"a": 1, "list": [1], "map": {"y": 1, "z": [{"c": 2, "d": 1}]}})
    change(session)
    assert state_of(session) is State.CLEAN


def test_only_keys_that_differ_are_committed():
    session = loaded({"a": 1, "b": 2, "c": 3})
    session["a"] = 9
    del session["b"]
    changes = session.data.changes()
    assert (list(changes.changed), changes.removed) == (["a"], ["b"])


def test_signing_in_rotates_and_keeps_the_data_of_an_anonymous_visitor():
    session = loaded()
    session.sign_in(ADA)
    assert state_of(session) is State.ROTATED
    write = planned(session)
    assert isinstance(write, Rotate)
    assert write.new_sid != write.sid == "old-sid"
    assert write.owner == Owner(ADA)
    assert session["a"] == 1


@pytest.mark.parametrize("session", [fresh(), loaded()], ids=["new", "stored"])
def test_a_second_attempt_has_a_sid_of_its_own(session):
    """After an unknown outcome, the row of the first one is removed in the background."""
    session.sign_in(ADA)
    first, second = planned(session), planned(session)
    sids = (first.sid, second.sid) if isinstance(first, Insert) else (first.new_sid, second.new_sid)
    assert sids[0] != sids[1]


@pytest.mark.parametrize("owner", [None, ADA])
def test_an_ended_session_has_no_id_for_a_form(owner):
    session = loaded(owner=owner)
    session.sign_out()
    assert session.id is None
    with session.saving():
        assert session.id is None


def test_signing_in_to_another_account_drops_the_data():
    session = loaded(owner=BOB)
    session.sign_in(ADA)
    assert dict(session) == {}
    assert planned(session).replaces


def test_signing_in_again_to_the_same_account_keeps_the_data():
    session = loaded(owner=ADA)
    session.sign_in(ADA)
    assert session["a"] == 1
    assert state_of(session) is State.ROTATED


def test_signing_out_ends_it():
    session = loaded(owner=ADA)
    session.sign_out()
    assert state_of(session) is State.ENDED
    assert (session.user, dict(session)) == (None, {})


def test_ending_a_fresh_session_needs_no_statement():
    session = fresh()
    session.sign_out()
    assert state_of(session) is State.FRESH


def test_ending_a_lapsed_session_needs_no_statement_and_leaves_it_lapsed():
    session = lapsed("signed out")
    session.sign_out()
    assert state_of(session) is State.LAPSED
    assert planned(session) is None


def test_what_is_stored_after_an_end_goes_into_a_new_session_and_the_old_one_is_ended():
    session = loaded(owner=ADA)
    session.sign_out()
    session["a"] = 1
    assert state_of(session) is State.NEW
    write = planned(session)
    assert (write.named, write.reason) == (["public"], "signed out")


def test_sids_are_random_and_long():
    sids = set()
    for _ in range(100):
        session = fresh()
        session["a"] = 1
        sids.add(planned(session).sid)
    assert len(sids) == 100
    assert {len(sid) for sid in sids} == {32}


def test_the_public_id_is_16_hex_digits_that_a_rotation_keeps():
    session = fresh()
    session["a"] = 1
    public_id = planned(session).id
    assert len(public_id) == 16
    assert int(public_id, 16) >= 0
    session = loaded()
    session.rotate()
    assert session.id == "public"


def test_the_sid_is_not_in_the_repr():
    assert "old-sid" not in repr(loaded()) + str(loaded())


@pytest.mark.parametrize("key", [1, None, "a\0b", "\ud800", "cookie"])
def test_a_key_that_cannot_be_stored_is_refused(key):
    session = fresh()
    with pytest.raises((SessionValueError, TypeError)):
        session[key] = 1
    assert state_of(session) is State.FRESH


@pytest.mark.parametrize("where", [lambda value: value, lambda value: {"deep": [value]}])
@pytest.mark.parametrize(
    "value",
    [
        *(float("nan"), float("-inf"), (1, 2), {1: "a"}, {None: 1}, 2**70, b"bytes", {1, 2}),
        *(datetime(2026, 1, 1, tzinfo=UTC), "\ud800", {"\udfff": 1}, "a\0b", {"\0": 1}, "\\\0"),
        *(State.NEW, Owner(ADA), object(), 1j),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_json_would_change_is_refused_with_its_key(value, where):
    session = fresh()
    with pytest.raises(SessionValueError, match="trip"):
        session["trip"] = where(value)
    assert state_of(session) is State.FRESH


@pytest.mark.parametrize(
    "value",
    ["\\u0000", "\\\\u0000", "C:\\u0000", 2**63, -(2**63), 0.1, True, "\x7f\u2028", {"": {}}],
)
def test_a_value_that_only_looks_invalid_is_stored(value):
    """Six characters that look like an escaped NUL are not a NUL."""
    session = fresh()
    session["trip"] = value
    assert state_of(session) is State.NEW
    assert session["trip"] == value


def test_a_value_that_became_invalid_in_place_can_be_replaced_and_removed():
    for repair in (lambda session: session.update(list=[2]), lambda session: session.pop("list")):
        session = loaded()
        session["list"].append(object())
        with pytest.raises(SessionValueError, match="list"):
            state_of(session)
        repair(session)
        assert state_of(session) is State.CHANGED


def test_a_session_may_reach_the_size_limit_and_not_exceed_it():
    session = fresh()
    session["a"] = "x" * 900
    with pytest.raises(SessionTooLarge):
        session["b"] = "x" * 200
    assert "b" not in session
    session["a"] = "x"
    session["b"] = "x" * 900


def test_a_removed_value_leaves_room_for_one_of_its_size_and_no_more():
    data = {"keep": "x" * 400, "a": "x" * 500}
    session = loaded(dict(data))
    del session["a"]
    with pytest.raises(SessionTooLarge):
        session["b"] = "x" * 700
    assert state_of(session) is State.CHANGED
    session = loaded(dict(data))
    del session["a"]
    session["b"] = "x" * 500
    assert state_of(session) is State.CHANGED


def test_a_session_above_the_size_limit_can_be_made_smaller():
    session = loaded({"a": "x" * 5000, "b": 1})
    del session["a"]
    assert state_of(session) is State.CHANGED


def test_what_was_made_smaller_in_place_leaves_room_for_another_value():
    session = loaded({"list": ["x" * 600]})
    session["a"] = 1
    session["list"].clear()
    session["b"] = "y" * 600
    assert planned(session).changed.keys() == {"a", "list", "b"}


def test_a_value_that_was_read_before_a_save_can_be_changed_in_place_after_it():
    session = fresh()
    stops = session.setdefault("stops", [1])
    with session.saving() as sent:
        pass
    session.saved(WRITTEN, sent)
    assert state_of(session) is State.CLEAN
    stops.append(2)
    assert session.data.changes().changed == {"stops": b"[1,2]"}


def save_while_storing(session, error=None):
    """Save the session while other values are stored in it."""
    with session.saving() as sent:
        session["b"] = 3
        session["list"].append(4)
        if error is not None:
            raise error
    session.saved(WRITTEN, sent)


def test_what_is_stored_during_a_save_is_for_the_next_one():
    session = loaded({"a": 1, "list": [1]})
    session["a"] = 2
    save_while_storing(session)
    assert planned(session).changed == {"b": b"3", "list": b"[1,4]"}


def test_what_is_stored_during_a_save_that_fails_is_stored_with_it_later():
    session = loaded({"a": 1, "list": [1]})
    session["a"] = 2
    with pytest.raises(SessionEnded):
        save_while_storing(session, SessionEnded())
    assert planned(session).changed == {"a": b"2", "b": b"3", "list": b"[1,4]"}


def save_in_vain(session, *meanwhile):
    """Fail to save the session, and meanwhile call its methods."""
    with suppress(SessionEnded), session.saving():
        for name, *arguments in meanwhile:
            getattr(session, name)(*arguments)
        raise SessionEnded


@pytest.mark.parametrize(
    ("first", "meanwhile", "version", "confirms"),
    [
        (["sign_in", ADA, 1], ["confirm"], "1", True),
        (["confirm"], ["sign_in", ADA, 1], "1", True),
        (["sign_in", ADA, 1], ["rotate"], "1", False),
        (["sign_in", ADA, 1], ["sign_in", ADA, 2], "2", False),
    ],
)
def test_what_was_asked_before_and_during_a_save_that_fails_is_asked_again(
    first, meanwhile, version, confirms
):
    session = loaded()
    getattr(session, first[0])(*first[1:])
    save_in_vain(session, meanwhile)
    write = planned(session)
    assert (write.owner.user_version, write.confirms) == (version, confirms)


@pytest.mark.parametrize(("before", "during"), [([["rotate"]], []), ([], [["rotate"]])])
def test_a_new_sid_that_was_asked_for_is_asked_for_again_after_a_save_that_fails(before, during):
    session = loaded({"a": 1})
    session["a"] = 2
    for (name,) in before:
        getattr(session, name)()
    save_in_vain(session, *during)
    assert state_of(session) is State.ROTATED


@pytest.mark.parametrize(("before", "during"), [([["sign_out"]], []), ([], [["sign_out"]])])
def test_an_end_before_or_during_a_save_that_fails_remains_to_be_committed(before, during):
    session = loaded({"a": 1}, owner=ADA)
    session["a"] = 2
    for (name,) in before:
        getattr(session, name)()
    save_in_vain(session, *during)
    assert planned(session).ids == ("public",)
    assert not session


def test_after_another_sign_in_during_a_save_that_fails_the_data_of_the_user_before_is_dropped():
    session = loaded({"a": 1}, owner=ADA)
    session["a"] = 2
    save_in_vain(session, ["sign_in", BOB], ["update", {"b": 1}])
    write = planned(session)
    assert (write.owner.user_id, write.replaces, write.changed) == (BOB, True, {"b": b"1"})


def test_each_state_has_one_statement():
    assert planned(fresh()) is planned(loaded()) is planned(lapsed()) is None
    assert isinstance(planned(loaded(due=True)), Touch)
    session = fresh()
    session["a"] = 1
    assert isinstance(planned(session), Insert)
    session = loaded()
    session["a"] = 2
    assert isinstance(planned(session), Update)
    session = loaded(owner=ADA)
    session.sign_out()
    assert planned(session) == End(("public",), "signed out", Client())


def test_storing_into_a_lapsed_session_is_refused():
    session = lapsed("signed out")
    session["a"] = 1
    assert state_of(session) is State.REFUSED
    with pytest.raises(SessionEnded):
        planned(session)


@pytest.mark.parametrize("way_on", [lambda session: session.begin(), lambda s: s.sign_in(ADA)])
def test_storing_into_a_lapsed_session_is_possible_after_begin_or_a_sign_in(way_on):
    session = lapsed("signed out")
    session["a"] = 1
    way_on(session)
    assert state_of(session) is State.NEW
    assert planned(session).data == {"a": b"1"}


@pytest.mark.parametrize(
    ("reason", "state"),
    [(None, State.NEW), ("expired", State.NEW), ("signed out", State.REFUSED)],
)
def test_with_lapsed_begin_only_a_session_with_a_recorded_end_is_refused(reason, state):
    session = lapsed(reason, refuse=False)
    session["a"] = 1
    assert state_of(session) is state


def test_signing_in_or_out_ends_every_session_that_the_cookies_name():
    session = lapsed("two sessions", named=("one", "other"))
    session.sign_out()
    assert planned(session) == End(("one", "other"), "signed out", Client())
    session = lapsed("two sessions", named=("one", "other"))
    session.sign_in(ADA)
    assert planned(session).named == ["one", "other"]


def test_confirming_changes_the_sid_and_not_the_user():
    session = loaded(owner=ADA)
    session.confirm()
    write = planned(session)
    assert (write.confirms, write.owner) == (True, None)
    assert session.user_id == ADA


def test_what_is_stored_while_a_sign_in_takes_its_key_is_for_the_next_commit():
    session = loaded({"a": 1, "b": 1, "list": [1]})
    kept = session["list"]
    session.sign_in(ADA)
    with session.saving() as sent:
        session["a"] = 2
        kept.append(2)
    session.saved(WRITTEN._replace(taken=["a", "b", "list"]), sent)
    assert dict(session) == {"a": 2, "list": [1, 2]}
    assert planned(session).changed == {"a": b"2", "list": b"[1,2]"}


def test_the_public_id_is_not_known_before_the_commit_of_another_users_sign_in():
    """Forms of this response must not name the session of the user before."""
    session = loaded(owner=ADA)
    session.sign_in(ADA)
    assert session.id == "public"
    session.sign_in(BOB)
    assert session.id is None
    with session.saving() as sent:
        assert session.id is None
    session.saved(WRITTEN._replace(id="of bob"), sent)
    assert session.id == "of bob"


def test_a_session_may_have_lifetimes_of_its_own():
    session = fresh()
    session.sign_in(7, version=3, idle=10, absolute=20)
    assert planned(session).owner == Owner("7", "3", 10, 20)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=ascii)
@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("user_id", lambda session, text: session.sign_in(text)),
        ("version", lambda session, text: session.sign_in(BOB, text)),
        ("reason", lambda session, text: session.end(text)),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused_before_the_commit(name, verb, text):
    """In a batch it would fail the changes of other requests, too."""
    session = loaded(owner=ADA)
    with pytest.raises(SessionTextError, match=name):
        verb(session, text)
    assert state_of(session) is State.CLEAN
    assert (session.user_id, dict(session)) == (ADA, {"a": 1, "list": [1]})


@pytest.mark.parametrize("user_id", [None, ""])
def test_a_sign_in_needs_a_user_id(user_id):
    session = fresh()
    with pytest.raises(ValueError, match="user_id"):
        session.sign_in(user_id)
    assert state_of(session) is State.FRESH


@pytest.mark.parametrize("seconds", [0, -1, 1.5, 2**31, "60", timedelta(hours=1), True])
@pytest.mark.parametrize("name", ["idle", "absolute"])
def test_a_lifetime_is_a_number_of_whole_seconds(name, seconds):
    session = fresh()
    with pytest.raises(ValueError, match=name):
        session.sign_in(ADA, **{name: seconds})
    assert state_of(session) is State.FRESH


def test_storing_after_an_end_makes_a_new_session():
    session = loaded(owner=ADA)
    session.end()
    session["b"] = 1
    write = planned(session)
    assert isinstance(write, Insert)
    assert (write.named, write.owner, write.data) == (["public"], None, {"b": b"1"})


def test_a_saved_session_has_the_times_of_its_row():
    session = loaded()
    with session.saving() as sent:
        pass
    session.saved(Written("new-sid", "public", 1.0, 2.0, 300.0, 4000.0, max_age=5.0), sent)
    stored = session.stored
    assert stored is not None
    assert (stored.created_at, stored.authenticated_at) == (1.0, 2.0)
    assert (stored.expires_at, stored.absolute_expires_at) == (300.0, 4000.0)
