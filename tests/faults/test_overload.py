"""Overload: requests above the limits are refused at once, the others are served in turn."""

import itertools
import json
import time

import psutil
import pytest

from nestmap.timeouts import TIMEOUTS
from tests.support.flood import Flood, Outcome, many_connections
from tests.support.machine import MACHINE
from tests.support.raw import request
from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

WRITERS = 20
WRITES = 2600  # 2,000 may wait, and a few are running
SURPLUS = 100
SIGN_INS = 150  # 64 may wait
MEGABYTE = 2**20
JSON = "application/json"


@pytest.fixture(scope="module")
def site(shared_database, relay, start_shared_instance):
    with many_connections(8192):
        yield start_shared_instance(shared_database.url_at(relay.port))


# A request that stores what is stored already is a 200 at once.
_numbers = itertools.count()


def put(visitor: Visitor, number: int) -> bytes:
    body = json.dumps({"name": f"number {number}"}).encode()
    return request(
        "PUT",
        "/api/places/lisbon",
        body,
        **{"Content-Type": JSON, "Cookie": visitor.jar.header(https=False)},
    )


@pytest.fixture
def writers(site):
    writers = [Visitor(site.url) for _ in range(WRITERS)]
    for writer in writers:
        assert writer.put_place("lisbon").status == 201
    return writers


@pytest.fixture
def flood(site, relay, writers):
    """Return a function that sends more writes than can wait while the database does not answer."""

    def flood() -> list[Outcome]:
        flood = Flood(site.port, [put(writers[n % WRITERS], next(_numbers)) for n in range(WRITES)])
        relay.hold()
        flood.start()
        wait_until(lambda: len(flood.answered) >= SURPLUS, "the surplus to be told")
        # The database has answered none of them.
        assert [told.status for told in flood.answered] == [503] * len(flood.answered)
        assert Visitor(site.url).get("/").status == 200
        relay.release()
        flood.wait(60)
        return flood.answered

    return flood


def test_writes_above_the_queue_limit_are_503_at_once_and_the_others_are_served_in_turn(
    flood, writers
):
    answered = flood()
    served = [told for told in answered if told.status == 200]
    others = [told for told in answered if told.status != 200]
    assert [told for told in others if not told.is_promised_503] == []
    surplus = [told for told in others if code_of(told) == "overloaded"]
    assert len(surplus) >= SURPLUS
    # On a busy machine, a time limit of some ends while they wait.
    late = [told for told in others if told not in surplus]
    assert {code_of(told) for told in late} <= {"unavailable"}
    assert all(told.ended - told.began > TIMEOUTS.statement for told in late)
    assert len(served) + len(late) > 2000
    slowdown = MACHINE.slowdown(answered[0].began, answered[-1].ended)
    assert len(served) > 2000 / slowdown
    # Those that waited for the database in vain would be the first of all.
    assert min(told.number for told in answered[:SURPLUS]) > WRITES / 2
    overtaken = sorted(places_overtaken(served))
    assert overtaken[len(served) * 9 // 10] < len(served) / 4
    assert overtaken[-1] < len(served) * 3 / 4
    for writer in writers:
        assert writer.places()[0]["name"] != "A place"


def code_of(told: Outcome) -> str:
    return json.loads(told.body)["error"]["code"]


def test_memory_stays_bounded_over_repeated_overload(flood, site):
    for _ in range(2):
        flood()
    assert psutil.Process(site.process.pid).memory_info().rss < 200 * MEGABYTE


def test_sign_ins_above_the_queue_limit_are_refused_at_once_and_delay_no_other_request(site):
    member, other = Visitor(site.url), Visitor(site.url)
    member.register()
    member.put_place("lisbon")
    credentials = json.dumps({"email": member.email, "password": PASSWORD}).encode()
    sign_in = request("POST", "/api/auth/login", credentials, **{"Content-Type": JSON})
    flood = Flood(site.port, [sign_in] * SIGN_INS)
    flood.start()
    wait_until(lambda: flood.answered, "the surplus to be told")
    assert member.place_ids() == ["lisbon"]
    assert other.get("/login").status == 200
    others_answered = time.monotonic()
    flood.wait(60)
    surplus = [told for told in flood.answered if told.status != 200]
    assert SIGN_INS / 3 < len(surplus) < SIGN_INS
    assert {told.status for told in surplus} <= {429, 503}
    assert all(told.headers["retry-after"] for told in surplus)
    # Each accepted sign-in waits for a hash; other requests do not wait for it.
    last = max(told.ended for told in flood.answered if told.status == 200)
    assert max(told.ended for told in surplus) < last
    assert others_answered < last


def places_overtaken(served: list[Outcome]) -> list[int]:
    """Return for each request by how many places a later one was answered sooner."""
    latest = itertools.accumulate((outcome.number for outcome in served), max)
    return [late - told.number for late, told in zip(latest, served, strict=True)]
