"""G1: a response that changed the session is sent only after the change is committed."""

import socket

import pytest

from tests.support.page import Page
from tests.support.sabotage import refused_commits, refused_writes
from tests.support.sids import count_sessions, sid_of
from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until


def assert_unavailable(answer) -> None:
    assert answer.status == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.cookies == []
    assert answer.headers["X-Request-Id"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Cookie" in answer.headers["Vary"]
    assert answer.location is None


@pytest.fixture(params=[refused_writes, refused_commits], ids=["statement", "commit"])
def refusal(request, shared_database):
    """Make every change of a session fail, in the statement or at its commit."""
    return lambda: request.param(shared_database)


def test_a_new_session_that_is_not_committed_is_503(visitor, shared_database, refusal):
    before = count_sessions(shared_database)
    with refusal():
        answer = visitor.put_place("lisbon")
    assert_unavailable(answer)
    assert answer.error
    assert count_sessions(shared_database) == before


def test_a_change_that_is_not_committed_is_503_and_the_cookie_still_works(visitor, refusal):
    visitor.put_place("lisbon")
    cookie = visitor.cookie
    with refusal():
        assert_unavailable(visitor.put_place("oslo"))
        assert_unavailable(visitor.delete_place("lisbon"))
    assert visitor.cookie == cookie
    assert visitor.place_ids() == ["lisbon"]


def test_a_sign_in_that_is_not_committed_is_503_and_has_no_effect(visitor, refusal):
    visitor.register()
    visitor.sign_out()
    visitor.put_place("lisbon")
    cookie = visitor.cookie
    with refusal():
        assert_unavailable(visitor.sign_in())
    assert visitor.cookie == cookie
    assert not visitor.signed_in()
    assert visitor.place_ids() == ["lisbon"]


def test_a_sign_out_that_is_not_committed_is_503_and_keeps_the_cookie(visitor, refusal):
    visitor.register()
    with refusal():
        assert_unavailable(visitor.sign_out())
    assert visitor.signed_in()


def test_a_page_that_is_not_committed_is_a_503_page_without_the_redirect(visitor, refusal):
    visitor.register()
    visitor.sign_out()
    with refusal():
        form = {"email": visitor.email, "password": PASSWORD}
        answer = visitor.post("/login", form=form)
    assert_unavailable(answer)
    assert Page(answer).text


def test_requests_that_only_read_work_while_writes_fail(visitor, shared_database, refusal):
    visitor.put_place("lisbon")
    with refusal():
        assert visitor.place_ids() == ["lisbon"]


def test_a_renewal_that_fails_does_not_fail_the_request(visitor, shared_database, refusal):
    """The next request tries it again; no cookie with a new lifetime is sent."""
    visitor.put_place("lisbon")
    shared_database.execute("update session set renewed_at = renewed_at - interval '10 minutes'")
    with refusal():
        answer = visitor.get("/api/places")
    assert answer.status == 200
    assert answer.cookies == []
    assert visitor.place_ids() == ["lisbon"]


@pytest.mark.long
def test_a_commit_behind_a_lock_is_503_within_five_seconds(visitor, shared_database):
    visitor.put_place("lisbon")
    cookie = visitor.cookie
    with shared_database.transaction("lock table session in exclusive mode"):
        sent = visitor.send_place("oslo")
        assert visitor.place_ids() == ["lisbon"]
        answer = sent.answer()
    assert_unavailable(answer)
    assert visitor.cookie == cookie


def test_the_response_waits_for_the_commit(visitor, shared_database):
    """No response comes while the row is locked; then it is 200 and the change is stored."""
    visitor.put_place("lisbon")
    lock = "select from session for update"
    with shared_database.transaction(lock):
        sent = visitor.send_place("lisbon", "Lisboa")
        shared_database.wait_for_blocked()
    assert sent.answer().status == 200
    assert [place["name"] for place in visitor.places()] == ["Lisboa"]


LOCK_ONE = "select from session where sid = %s for update"
WAITING = """
select query_start from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""


def test_a_locked_row_delays_no_other_visitor(new_visitor, shared_database):
    visitors = [new_visitor() for _ in range(16)]
    for visitor in visitors:
        visitor.put_place("lisbon")
    locked = visitors[8]
    with shared_database.transaction(LOCK_ONE, sid_of(locked, shared_database)):
        sent = {visitor: visitor.send_place("oslo") for visitor in visitors}
        behind_the_lock = sent.pop(locked)
        assert {each.answer().status for each in sent.values()} == {201}
        # Nor are their next writes delayed, although the first were in one statement with that one.
        assert {other.put_place("rome").status for other in sent} == {201}
        assert not behind_the_lock.answered()
    assert behind_the_lock.answer().status == 201


def test_a_write_to_a_locked_row_waits_for_the_lock(visitor, shared_database):
    """It waits longer than a statement may: the statement is repeated."""
    visitor.put_place("lisbon")
    statements = set()
    with shared_database.transaction(LOCK_ONE, sid_of(visitor, shared_database)):
        sent = visitor.send_place("oslo")
        wait_until(
            lambda: statements.update(shared_database.all(WAITING)) or len(statements) > 3,
            "a fourth statement",
        )
    assert sent.answer().status == 201


def test_held_responses_keep_their_order_on_one_connection(visitor, site):
    """Pipelined requests: each response waits for its commit, and the order is kept."""
    visitor.put_place("a")
    names = [f"n{number}" for number in range(8)]
    requests = "".join(_put(name, visitor.cookie or "") for name in names)
    requests += (
        f"GET /api/places HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{_cookie(visitor)}\r\n"
    )
    with socket.create_connection(("127.0.0.1", site.port)) as wire:
        wire.sendall(requests.encode())
        wire.settimeout(10)
        received = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
    assert received.count("HTTP/1.1 201") == len(names)
    assert received.rindex("HTTP/1.1 201") < received.rindex("HTTP/1.1 200")
    assert visitor.place_ids() == ["a", *names]


def _put(name: str, cookie: str) -> str:
    body = f'{{"name": "{name}"}}'
    return (
        f"PUT /api/places/{name} HTTP/1.1\r\nHost: x\r\nCookie: nestmap.sid={cookie}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def _cookie(visitor: Visitor) -> str:
    return f"Cookie: nestmap.sid={visitor.cookie}\r\n"


def test_the_change_of_a_client_that_leaves_while_its_response_is_held_is_stored(
    visitor, shared_database
):
    visitor.put_place("lisbon")
    with shared_database.transaction("select from session for update"):
        sent = visitor.send_place("oslo")
        shared_database.wait_for_blocked()
        sent.leave()
    visitor.put_place("porto")
    assert visitor.place_ids() == ["lisbon", "oslo", "porto"]
