"""The database does not answer in time: responses are right, and failed changes are never made later.

The connection of the first instance is cut or held at one moment; the second has its own connection.
"""

import pytest

from tests.support.pgbouncer import PgBouncer
from tests.support.relay import BEGIN, COPY, ROTATE, UPDATE, WRITE
from tests.support.sids import count_sessions, sid_of, stored
from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long


@pytest.fixture(
    scope="module", params=["direct", pytest.param("pgbouncer", marks=pytest.mark.long)]
)
def pair(request, shared_database, relay, fragile, start_shared_instance):
    """Start two instances: the first behind the relay, with or without PgBouncer, the second directly."""
    pooler = PgBouncer(relay.port, fragile.system_user) if request.param == "pgbouncer" else None
    ports = (pooler.port if pooler else relay.port, fragile.port)
    started = [
        start_shared_instance.begin(
            shared_database.url_at(port), REGISTRATIONS_PER_HOUR=1000, SIGN_IN_ACCOUNT_FAILURES=20
        )
        for port in ports
    ]
    for instance in started:
        instance.wait_until_ready()
    yield started
    if pooler:
        pooler.remove()


@pytest.fixture(autouse=True)
def _alone(shared_database):
    shared_database.execute("delete from session")


@pytest.fixture
def somebody(pair):
    """Return `somebody()`, which gives a visitor with a place; `somebody("member")` has an account too."""

    def somebody(kind: str = "visitor") -> Visitor:
        visitor = Visitor(*(instance.url for instance in pair))
        account = visitor.twin()
        assert account.register(at=1).status == 201
        if kind == "member":
            visitor.jar = account.jar
        assert visitor.put_place("lisbon", at=1).status == 201
        return visitor

    return somebody


def sign_in(visitor: Visitor):
    credentials = {"email": visitor.email, "password": PASSWORD}
    return visitor.send("POST", "/api/auth/login", json=credentials)


def confirm(visitor: Visitor):
    return visitor.send("POST", "/api/auth/confirm", json={"password": PASSWORD})


def assert_unknown(sent) -> None:
    answer = sent.answer()
    assert answer.status == 503, answer.text
    assert answer.cookies == []


def names(visitor: Visitor) -> dict[str, str]:
    return {place["id"]: place["name"] for place in visitor.places(at=1)}


# Repeats


def test_a_repeated_change_does_not_undo_a_later_acknowledged_one(somebody, relay):
    """It is made, cut, replaced by another tab, and then repeated."""
    visitor = somebody()
    relay.cut_after_next(UPDATE, hold_repeat=True)
    first = visitor.send_place("kyoto", "first")
    relay.wait_for_held()
    assert names(visitor)["kyoto"] == "first"
    assert visitor.put_place("kyoto", "second", at=1).status == 200
    relay.release()
    assert first.answer().status == 201
    assert names(visitor)["kyoto"] == "second"


def test_a_repeated_removal_does_not_remove_a_place_that_was_stored_later(somebody, relay):
    visitor = somebody()
    relay.cut_after_next(UPDATE, hold_repeat=True)
    removal = visitor.send("DELETE", "/api/places/lisbon")
    relay.wait_for_held()
    assert visitor.put_place("lisbon", "again", at=1).status == 201
    relay.release()
    assert removal.answer().status == 204
    assert names(visitor) == {"lisbon": "again"}


def test_a_statement_that_arrives_after_its_repeat_changes_nothing(somebody, relay):
    """The first one is held until a second is sent and carried out."""
    visitor = somebody()
    relay.hold(UPDATE, once=True)
    first = visitor.send_place("kyoto", "first")
    relay.wait_for_held()
    relay.reset_clients()
    assert first.answer().status == 201
    assert visitor.put_place("kyoto", "second", at=1).status == 200
    relay.release_and_wait()
    assert names(visitor)["kyoto"] == "second"


@pytest.mark.parametrize("moment", [COPY, ROTATE], ids=["copy", "rotation"])
@pytest.mark.parametrize("kind", ["visitor", "member"])
def test_a_sign_in_that_is_cut_after_a_step_succeeds(
    somebody, relay, shared_database, moment, kind
):
    visitor = somebody(kind)
    public_id = visitor.session(at=1)["session"]["id"]
    old, before = sid_of(visitor, shared_database, at=1), count_sessions(shared_database)
    relay.cut_after_next(moment)
    assert sign_in(visitor).answer().status == 200
    assert visitor.signed_in()
    assert visitor.session()["session"]["id"] == public_id
    assert visitor.place_ids() == ["lisbon"]
    assert not stored(shared_database, old)
    assert count_sessions(shared_database) == before


# Ended between the copy and the rotation


@pytest.fixture
def ended_between(relay, shared_database):
    """Return `ended_between(member, send)`, which ends the session between the steps of a request."""

    def ended_between(member, send):
        before = count_sessions(shared_database)
        relay.hold(ROTATE)
        sent = send(member)
        relay.wait_for_held()
        assert count_sessions(shared_database) == before + 1
        thief = member.twin()
        assert thief.sign_out(at=1).status == 204
        relay.release()
        return sent.answer()

    return ended_between


def test_a_session_that_ends_between_the_steps_of_a_sign_in_is_replaced_by_an_empty_one(
    somebody, ended_between, shared_database
):
    visitor = somebody()
    before = count_sessions(shared_database)
    assert ended_between(visitor, sign_in).status == 200
    assert visitor.signed_in()
    assert visitor.place_ids() == []
    wait_until(lambda: count_sessions(shared_database) == before, "the copy to be removed")


def test_a_session_that_ends_between_the_steps_of_a_confirmation_has_ended(
    somebody, ended_between, shared_database
):
    member = somebody("member")
    before = count_sessions(shared_database)
    assert ended_between(member, confirm).status == 401
    wait_until(lambda: count_sessions(shared_database) == before - 1, "the copy to be removed")


def test_a_session_that_ends_after_the_success_of_an_unknown_rotation_has_ended(
    somebody, relay, shared_database
):
    """Whoever ended it has named its public id, which its copy under the new sid does not have."""
    member = somebody("member")
    thief = member.twin()
    relay.hold(ROTATE)
    sent = confirm(member)
    relay.wait_for_held()
    assert thief.sign_out(at=1).status == 204
    assert sent.answer().status == 204
    relay.release_and_wait()
    wait_until(lambda: not member.signed_in(at=1), "the copy to end")
    assert count_sessions(shared_database) == 0
    assert member.put_place("kyoto").error == "session_ended"


# No statement arrives in time: one wait for all tests


@pytest.fixture
def late(somebody, relay, shared_database):
    """Return visitors whose changes were held until it was too late, and the number of rows.

    All got a 503; then other changes were acknowledged, and then the statements arrived.
    """
    actors = {name: somebody() for name in ("changes", "removes", "signs in")}
    actors |= {name: somebody("member") for name in ("signs in again", "confirms", "signs out")}
    actors |= {name: somebody("member") for name in ("pins", "unpins")}
    actors["begins"] = Visitor(*actors["changes"].urls)
    before = count_sessions(shared_database)
    relay.hold(WRITE)
    sent = [
        actors["changes"].send_place("kyoto", "first"),
        actors["removes"].send("DELETE", "/api/places/lisbon"),
        actors["begins"].send_place("kyoto", "first"),
        actors["signs out"].send("POST", "/api/auth/logout"),
        sign_in(actors["signs in"]),
        sign_in(actors["signs in again"]),
        confirm(actors["confirms"]),
        actors["pins"].send_place("kyoto", "first"),
        actors["unpins"].send("DELETE", "/api/places/lisbon"),
    ]
    for one in sent:
        assert_unknown(one)
    assert actors["changes"].put_place("kyoto", "second", at=1).status == 201
    assert actors["removes"].put_place("lisbon", "again", at=1).status == 200
    assert actors["signs out"].put_place("kyoto", "second", at=1).status == 201
    assert actors["pins"].put_place("kyoto", "second", at=1).status == 201
    assert actors["unpins"].put_place("lisbon", "again", at=1).status == 200
    relay.release_and_wait()
    return actors, before


def test_a_statement_that_arrives_after_its_503_has_no_effect(late, shared_database):
    actors, before = late
    assert count_sessions(shared_database) == before
    assert names(actors["changes"])["kyoto"] == "second"
    assert names(actors["removes"]) == {"lisbon": "again"}
    assert names(actors["pins"])["kyoto"] == "second"
    assert names(actors["unpins"]) == {"lisbon": "again"}
    assert actors["signs out"].signed_in()
    assert names(actors["signs out"])["kyoto"] == "second"
    assert actors["begins"].places() == []
    assert not actors["signs in"].signed_in()
    assert names(actors["signs in"]) == {"lisbon": "A place"}
    for name in ("signs in again", "confirms"):
        assert actors[name].signed_in()
        assert names(actors[name]) == {"lisbon": "A place"}


# All statements are carried out without an answer


def test_a_step_without_an_answer_is_undone_or_reported_as_done(somebody, relay, shared_database):
    """After the first step: 503 and no effect. After the second step: 200 and the full effect."""
    first, again, begins = somebody(), somebody("member"), Visitor(*somebody().urls)
    before = count_sessions(shared_database)
    relay.hold_answer(BEGIN)
    sent = [sign_in(first), sign_in(again), begins.send_place("kyoto")]
    for one in sent:
        assert_unknown(one)
    relay.release()
    assert not first.signed_in()
    assert names(first) == {"lisbon": "A place"}
    assert again.signed_in()
    wait_until(lambda: count_sessions(shared_database) == before, "unreachable rows to be removed")
    assert sign_in(first).answer().status == 200
    assert first.place_ids() == ["lisbon"]


def test_a_change_finds_its_session_although_the_public_id_changes(
    somebody, relay, shared_database
):
    """As it does when a sign-in whose outcome was unknown is finished."""
    member = somebody("member")
    relay.hold(WRITE)
    late = member.send_place("kyoto")
    relay.wait_for_held()
    new = "update session set id = reverse(id) where sid = %s"
    shared_database.execute(new, sid_of(member, shared_database, at=1))
    relay.release()
    assert late.answer().status == 201


def test_a_rotation_without_an_answer_is_a_success(somebody, relay, shared_database):
    """The statement or its answer is held: the cookie of the response is valid."""
    on_the_way, on_the_way_back, confirms = somebody(), somebody("member"), somebody("member")
    everyone = (on_the_way, on_the_way_back, confirms)
    ids = [one.session(at=1)["session"]["id"] for one in everyone]
    old = [sid_of(one, shared_database, at=1) for one in everyone]
    before = count_sessions(shared_database)
    relay.hold_answer(ROTATE)
    back = sign_in(on_the_way_back)
    relay.wait_for_held()
    relay.hold(ROTATE)
    there, confirmed = sign_in(on_the_way), confirm(confirms)
    assert there.answer().status == back.answer().status == 200
    assert confirmed.answer().status == 204
    for one in everyone:
        assert one.signed_in(at=1)
        assert names(one) == {"lisbon": "A place"}
        assert one.put_place("kyoto", "second", at=1).status == 201
    relay.release_and_wait()
    wait_until(lambda: not any(stored(shared_database, sid) for sid in old), "the old sids to end")
    for one in everyone:
        assert one.signed_in()
        assert names(one) == {"lisbon": "A place", "kyoto": "second"}
    assert count_sessions(shared_database) == before
    assert ids == [one.session()["session"]["id"] for one in everyone]
    kinds = (
        "select array_agg(kind order by kind) from nestmap.events"
        " where user_id = (select id::text from nestmap.users where email = %s)"
        " and kind in ('signed_in', 'confirmed')"
    )
    for one in (on_the_way, on_the_way_back):
        assert shared_database.value(kinds, one.email) == ["signed_in", "signed_in"]
    assert shared_database.value(kinds, confirms.email) == ["confirmed", "signed_in"]
