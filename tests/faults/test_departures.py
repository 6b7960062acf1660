"""Clients that disconnect in the middle, that are slow, or that send too much."""

import time
from contextlib import ExitStack

import pytest

from tests.support.machine import MACHINE
from tests.support.raw import RawClient, request
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

KIB = 1024


@pytest.fixture
def client(site):
    with RawClient(site.port) as client:
        yield client


@pytest.fixture(autouse=True)
def _healthy(site):
    """Check after each test that the site still answers and has logged no error."""
    yield
    assert Visitor(site.url).put_place("lisbon").status == 201
    assert "Traceback" not in site.output


def test_the_change_of_a_client_that_left_while_its_response_was_held_is_stored(
    site, relay, visitor
):
    visitor.put_place("lisbon")
    relay.hold()
    sent = visitor.send_place("oslo")
    relay.wait_for_held()
    sent.leave()
    relay.release()
    wait_until(lambda: visitor.place_ids() == ["lisbon", "oslo"], "the commit")


def test_clients_that_leave_in_the_middle_change_nothing_and_delay_no_stop(
    shared_database, relay, start_instance
):
    """Fifty leave in the headers, fifty in the body and fifty while the response is held."""
    instance = start_instance(shared_database.url_at(relay.port))
    visitor = Visitor(instance.url)
    visitor.put_place("lisbon")
    put = request(
        "PUT", "/api/places/oslo", b'{"name": "Oslo"}', Cookie=visitor.jar.header(https=False)
    )
    for part in (put[:30], put[:-5]):
        for _ in range(50):
            with RawClient(instance.port) as client:
                client.send(part)
    assert visitor.place_ids() == ["lisbon"]
    relay.hold()
    for _ in range(50):
        with RawClient(instance.port) as client:
            client.send(put)
    relay.wait_for_held()
    relay.release()
    wait_until(lambda: visitor.place_ids() == ["lisbon", "oslo"], "the commit")
    assert instance.stop(5) == 0
    assert "Traceback" not in instance.output


@pytest.mark.parametrize("length", [64 * KIB + 1, 10**9, 10**18])
def test_a_content_length_above_the_limit_is_413_before_the_body_is_sent(client, length):
    client.send(request("PUT", "/api/places/x", **{"Content-Length": str(length)}))
    assert client.answer() == 413


def test_a_body_of_64_kib_is_read(visitor):
    assert visitor.request("PUT", "/api/places/x", body=b" " * 64 * KIB).status == 400


def test_an_endless_body_in_chunks_is_413_or_cut(site):
    head = request("PUT", "/api/places/x", **{"Transfer-Encoding": "chunked"})
    chunk = b"1000\r\n" + b" " * 4 * KIB + b"\r\n"
    with RawClient(site.port) as client:
        client.send(head + 20 * chunk + b"0\r\n\r\n")
        assert client.answer() == 413
    with RawClient(site.port) as client:
        client.send(head)
        client.send_until_refused(chunk, most=10_000)
        assert client.answer_or_end() in {400, 413, None}
        assert client.wait_for_end(5)


def test_headers_have_at_most_16_kib(client, site):
    visitor = Visitor(site.url)
    assert visitor.get("/livez", headers={"X-Filler": "x" * 15 * KIB}).status == 200
    client.send(request("GET", "/livez", **{"X-Filler": "x" * 17 * KIB}))
    assert client.answer_or_end() in {None, 400, 431}


def test_slow_clients_are_disconnected_after_their_time_limit(
    shared_database, start_instance, fast_clock
):
    """The limits are 15 s for a body and 75 s for headers and for an idle connection, on a fast clock."""
    site = start_instance(shared_database.url, PYTHONPATH=fast_clock.path, EVENT_LOOP="asyncio")
    put = request("PUT", "/api/places/x", **{"Content-Length": "100"})
    chunked = request("PUT", "/api/places/x", **{"Transfer-Encoding": "chunked"})
    get = request("GET", "/livez")
    MACHINE.watch()
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(site.port)) for _ in range(5)]
        body, chunks, headers, idle, silent = clients
        body.trickle(put, b"x")
        chunks.trickle(chunked, b"1\r\nx\r\n")
        headers.trickle(get[:20], b"x")
        idle.send(get)
        assert idle.answer() == 200
        began = time.monotonic()
        cut = {client: fast_clock.seconds(client.wait_for_end(60)) for client in clients}
        slowdown = MACHINE.slowdown(began, time.monotonic())
    for client in (body, chunks):
        assert 14 < cut[client] < 20 * slowdown
    for client in (headers, idle, silent):
        assert 70 < cut[client] < 90 * slowdown
    assert max(cut[body], cut[chunks]) < min(cut[headers], cut[idle], cut[silent])
