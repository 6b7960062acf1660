"""A session with a fault fails its own request only, although others share its batch."""

import pytest

from tests.support.relay import LOAD, WRITE
from tests.support.sids import sid_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

LEVELS = 7000

# Documents that another program may store: PostgreSQL accepts them as `json`, not as `jsonb`.
FAULTY = {
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "an empty object": "{}",
    "deep": f'{{"place:x": {"[" * LEVELS}{"]" * LEVELS}}}',
    "NUL": r'{"place:x": {"name": "\u0000", "note": ""}}',
    "NUL elsewhere": r'{"cookie": {"path": "\u0000"}}',
    "a lone surrogate": r'{"place:x": {"name": "\ud800", "note": ""}}',
    "a huge number": '{"place:x": 1e999999}',
    "a tiny number": '{"place:x": 1e-20000}',
    "a place that is a number": '{"place:x": 5}',
    "a key twice": '{"place:x": {"name": "a", "note": ""}, "place:x": 5}',
    "a cookie that is a list": '{"cookie": []}',
}
TIMES = {"year 10000": "10000-06-01", "infinity": "infinity"}


@pytest.fixture
def others(site):
    """Return visitors whose sessions have no fault."""
    return [visitor_with_place(site) for _ in range(12)]


@pytest.fixture
def victims(site, shared_database):
    """Return a visitor for each kind of fault, by its name."""
    victims = {name: visitor_with_place(site) for name in [*FAULTY, *TIMES]}
    for name, document in FAULTY.items():
        set_column(shared_database, victims[name], "sess", document)
    for name, time in TIMES.items():
        set_column(shared_database, victims[name], "expire", time)
    yield victims
    shared_database.execute("delete from session")


def visitor_with_place(site) -> Visitor:
    visitor = Visitor(site.url)
    assert visitor.put_place("lisbon").status == 201
    return visitor


def set_column(database, visitor, column, value) -> None:
    sid = sid_of(visitor, database)
    assert database.execute(f"update session set {column} = %s where sid = %s", value, sid)


@pytest.fixture
def at_once(relay, shared_database, others, victims):
    """Send requests of all at once, in one statement; return the answers of victims and of others."""

    def at_once(pattern, send):
        sids = [sid_of(other, shared_database) for other in others]
        relay.hold(pattern)
        first = [send(others[0]) for _ in range(3)]
        relay.wait_for_held()
        relay.statements.clear()
        sent = {each: send(each) for each in [*others[:6], *victims.values(), *others[6:]]}
        relay.wait_for_held(2)
        relay.release()
        answers = {each: request.answer() for each, request in sent.items()}
        assert {request.answer().status for request in first} <= {200, 201, 204}
        shared = max(relay.statements, key=lambda text: sum(sid in text for sid in sids))
        assert sum(sid in shared for sid in sids) >= 6, "they did not share a statement"
        return {name: answers[it].status for name, it in victims.items()}, [
            answers[other] for other in others
        ]

    return at_once


def test_a_faulty_document_fails_no_other_load(at_once):
    own, answers = at_once(LOAD, lambda it: it.send("GET", "/api/places"))
    assert {answer.status for answer in answers} == {200}
    assert [len(answer.json["places"]) for answer in answers] == [1] * len(answers)
    assert set(own.values()) <= {200, 503}, own


def test_a_faulty_document_fails_no_other_change(at_once, site, others):
    own, answers = at_once(WRITE, lambda it: it.send_place("oslo"))
    assert {answer.status for answer in answers} <= {200, 201}
    for other in others:
        assert other.place_ids() == ["lisbon", "oslo"]
    assert set(own.values()) <= {200, 201, 503}, own
    assert "Traceback" not in site.output


def test_a_visitor_with_a_faulty_document_can_end_the_session_and_begin_a_new_one(victims):
    for victim in victims.values():
        assert victim.sign_out().status == 204
        assert victim.put_place("oslo").status == 201
        assert victim.place_ids() == ["oslo"]
