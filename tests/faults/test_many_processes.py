"""Two instances of two processes each keep the same guarantees as one process."""

import asyncio

import pytest

from nestmap.sessions import Client, Sessions
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import Insert, Update
from tests.support.instance import SECRET
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

SIGNED_IN = "select count(*) from session where user_id is not null"
ROUNDS = 500  # in a batch of each instance
SESSIONS = 20
ENOUGH = range(8)  # requests, enough for each process to answer one


@pytest.fixture(scope="module")
def pair(shared_database, relay, start_shared_instance):
    """Start the first instance behind `relay`, the second connected directly."""
    urls = (shared_database.url_at(relay.port), shared_database.url)
    started = [start_shared_instance.begin(url, PROCESSES=2) for url in urls]
    for instance in started:
        instance.wait_until_ready()
    return started


@pytest.fixture(autouse=True)
def _no_deadlock(fragile, shared_database):
    before = fragile.log()
    yield
    assert "deadlock detected" not in fragile.log().removeprefix(before)
    sql = "select deadlocks from pg_stat_database where datname = current_database()"
    assert shared_database.value(sql) == 0


def everywhere(visitor: Visitor) -> set[bool]:
    """Return what the processes of all instances say about the visitor: signed in or not."""
    return {visitor.signed_in(at=n % 2) for n in ENOUGH}


def test_a_sign_out_with_changes_in_flight_counts_in_every_process(tourist, shared_database):
    """The session does not come back; a later change begins a new anonymous session."""
    tourist.register()
    tourist.sign_out()
    for _ in range(10):
        shared_database.execute("delete from session")
        tourist.sign_in()
        thief = tourist.twin()
        changes = [tourist.send_place(f"p{number}", at=number % 2) for number in range(12)]
        assert tourist.sign_out(at=1).status == 204
        assert {change.answer().status for change in changes} <= {200, 201, 401}
        assert everywhere(tourist) == everywhere(thief) == {False}
        assert shared_database.value(SIGNED_IN) == 0


def test_a_sign_in_counts_in_every_process_and_the_old_cookie_in_none(tourist):
    tourist.register()
    for turn in range(5):
        thief = tourist.twin()
        assert tourist.sign_in(at=turn % 2).status == 200
        assert everywhere(tourist) == {True}
        assert everywhere(thief) == {False}


def test_a_change_after_a_sign_in_on_the_other_instance_keeps_the_new_cookie(tourist, relay):
    tourist.register()
    for turn in range(5):
        relay.hold()
        late = tourist.send_place(f"p{turn}", at=0)
        relay.wait_for_held()
        tourist.sign_in(at=1)
        relay.release()
        answer = late.answer()
        assert answer.status in {200, 201, 401}
        assert answer.cookies == []
        assert everywhere(tourist) == {True}


def test_simultaneous_changes_in_every_process_are_all_stored(tourist):
    tourist.register()
    places = [f"p{number:02}" for number in range(60)]
    sent = [tourist.send_place(place, at=n % 2) for n, place in enumerate(places)]
    assert {each.answer().status for each in sent} == {201}
    assert tourist.place_ids(at=0) == tourist.place_ids(at=1) == places


def test_batches_of_the_same_sessions_in_opposite_order_do_not_deadlock(fragile, shared_database):
    """A thousand overlapping batches: the statement orders the rows, not the caller.

    The limit on waiting for a lock ends a deadlock before PostgreSQL detects it.
    """
    before = fragile.log()
    asyncio.run(write_in_opposite_order(shared_database.url))
    ended = fragile.log().removeprefix(before).count("canceling statement due to lock timeout")
    assert ended < ROUNDS / 10


async def write_in_opposite_order(url: str) -> None:
    here, there = (Sessions(url, secret=SECRET, prune=0) for _ in range(2))
    inserted = [Insert(new_sid(), new_id(), {}, Client()) for _ in range(SESSIONS)]
    sids = [one.sid for one in inserted]
    await asyncio.gather(*map(here.commit, inserted))
    for turn in range(ROUNDS):
        written = await asyncio.gather(
            *[here.commit(change(sid, "here", turn)) for sid in sids],
            *[there.commit(change(sid, "there", turn)) for sid in reversed(sids)],
        )
        assert all(written)
    sessions = await asyncio.gather(*[here.load([sid]) for sid in sids])
    assert {str(dict(session)) for session in sessions} == {str({"here": turn, "there": turn})}
    assert [await here.close(5), await there.close(5)] == [True, True]


def change(sid: str, key: str, value: int) -> Update:
    return Update(
        sid=sid,
        changed={key: str(value).encode()},
        removed=[],
        replaces=False,
        client=Client(),
    )
