"""G15 with one request: a stop drops no response, a kill loses nothing that was acknowledged."""

import http.client
import os
import signal
import time
from contextlib import ExitStack

import psutil
import pytest

from nestmap.processes.serving import QUIET_SECONDS
from tests.support.instance import ROOT
from tests.support.ports import free_port
from tests.support.raw import RawClient, request
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

LARGEST = max((ROOT / "handlers/static").iterdir(), key=lambda file: file.stat().st_size)
LARGEST_SIZE = LARGEST.stat().st_size


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_running_requests_and_exits_with_0(
    shared_database, relay, start_instance, number
):
    instance = start_instance(shared_database.url_at(relay.port))
    visitor = Visitor(instance.url)
    visitor.register()
    relay.hold()
    in_flight = [visitor.send_place(f"p{turn}") for turn in range(5)]
    relay.wait_for_held()
    instance.signal(number)
    wait_until(lambda: instance.readiness() != 200, "the site to say that it is going")
    relay.release()
    answers = [sent.answer() for sent in in_flight]
    assert {answer.status for answer in answers} == {201}
    assert instance.wait(10) == 0
    assert "Traceback" not in instance.output
    visitor.urls = (start_instance(shared_database.url).url,)
    assert visitor.signed_in()
    assert len(visitor.places()) == 5


def test_a_stop_that_reaches_all_processes_answers_running_requests(
    shared_database, relay, start_instance
):
    """As from a service manager, which signals the supervisor and its workers."""
    instance = start_instance(shared_database.url_at(relay.port), PROCESSES=2)
    visitor = Visitor(instance.url)
    visitor.register()
    relay.hold()
    in_flight = [visitor.send_place(f"p{turn}") for turn in range(5)]
    relay.wait_for_held()
    os.killpg(instance.process.pid, signal.SIGTERM)
    wait_until(lambda: instance.output.count("stopping") == 3, "all processes to be told")
    relay.release()
    assert {sent.answer().status for sent in in_flight} == {201}
    assert instance.wait(10) == 0


def test_a_second_signal_ends_the_program_at_once(shared_database, relay, start_instance):
    instance = start_instance(shared_database.url_at(relay.port))
    visitor = Visitor(instance.url)
    visitor.register()
    relay.hold()
    sent = visitor.send_place("lisbon")
    relay.wait_for_held()
    instance.signal()
    wait_until(lambda: instance.readiness() != 200, "the site to say that it is going")
    instance.signal()
    instance.wait(5)
    sent.leave()


def test_an_idle_site_stops_at_once_also_with_open_connections(
    site, shared_database, start_instance
):
    instance = start_instance(shared_database.url)
    idle = http.client.HTTPConnection("127.0.0.1", instance.port)
    idle.request("GET", "/livez")
    idle.getresponse().read()
    assert instance.stop(7) == 0
    idle.close()


@pytest.mark.long
def test_a_site_without_open_connections_stops_sooner_than_one_with_idle_ones(
    shared_database, start_instance
):
    started = [start_instance.begin(shared_database.url) for _ in range(4)]

    def seconds_to_stop(idle: int) -> float:
        instance = started.pop()
        instance.wait_until_ready()
        with ExitStack() as clients:
            for _ in range(idle):
                client = clients.enter_context(RawClient(instance.port))
                client.send(request("GET", "/livez"))
                assert client.answer() == 200
            began = time.monotonic()
            assert instance.stop(7) == 0
            return time.monotonic() - began

    sooner = min(seconds_to_stop(1) for _ in range(2)) - min(seconds_to_stop(0) for _ in range(2))
    assert sooner > QUIET_SECONDS / 2


@pytest.mark.long
@pytest.mark.parametrize("sent", [20, -20], ids=["half a head", "half a body"])
def test_a_stop_answers_a_request_that_is_still_being_received(
    shared_database, start_instance, sent
):
    instance = start_instance(shared_database.url)
    whole = request("POST", "/api/auth/login", b"x" * 40)
    with RawClient(instance.port) as client:
        client.send(whole[:sent])
        assert instance.readiness() == 200
        instance.signal()
        wait_until(lambda: instance.readiness() != 200, "the site to say that it is going")
        client.send_slowly(whole[sent:], QUIET_SECONDS * 4)
        assert client.answer() == 400
    assert instance.wait(10) == 0


@pytest.mark.long
def test_a_stop_sends_the_rest_of_a_response_to_a_slow_client(shared_database, start_instance):
    instance = start_instance(shared_database.url)
    with RawClient(instance.port) as client:
        # More than fits into the buffers of both sockets.
        number = 8_000_000 // LARGEST_SIZE
        client.send(request("GET", f"/static/{LARGEST.name}") * number)
        # The loop answers one request of each connection in a turn.
        with RawClient(instance.port) as other:
            for _ in range(number):
                other.send(request("GET", "/livez"))
                assert other.answer() == 200
        instance.signal()
        wait_until(lambda: instance.readiness() != 200, "the site to say that it is going")
        received = client.receive_slowly(QUIET_SECONDS * 4)
    head, _, body = received.rpartition(b"HTTP/1.1 200 OK")[2].partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    assert len(body) == LARGEST_SIZE
    assert instance.wait(10) == 0


@pytest.mark.long
@pytest.mark.parametrize("processes", [1, 2])
def test_requests_whose_connections_are_not_accepted_yet_are_answered(
    shared_database, start_instance, processes
):
    instance = start_instance(shared_database.url, PROCESSES=processes)
    with ExitStack() as clients:
        os.killpg(instance.process.pid, signal.SIGSTOP)
        waiting = [clients.enter_context(RawClient(instance.port)) for _ in range(200)]
        for client in waiting:
            client.send(request("GET", "/livez"))
        instance.signal(signal.SIGTERM)
        os.killpg(instance.process.pid, signal.SIGCONT)
        assert {client.answer_or_end() for client in waiting} == {200}
    assert instance.wait(10) == 0


def test_a_kill_loses_nothing_that_was_acknowledged(shared_database, start_instance):
    instance = start_instance(shared_database.url)
    visitor = Visitor(instance.url)
    visitor.register()
    acknowledged = [f"p{turn}" for turn in range(20) if visitor.put_place(f"p{turn}").status == 201]
    instance.kill()
    visitor.urls = (start_instance(shared_database.url).url,)
    assert visitor.signed_in()
    assert sorted(visitor.place_ids()) == sorted(acknowledged)


def test_a_site_that_waits_for_its_database_can_be_stopped(start_instance):
    instance = start_instance.begin(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    wait_until(
        lambda: "the site is not ready" in instance.output,
        "the site to find no database",
    )
    instance.signal()
    assert instance.wait(10) == 0
    assert "Traceback" not in instance.output


@pytest.mark.long
def test_a_site_that_waits_to_restart_a_killed_process_can_be_stopped(database, start_instance):
    instance = start_instance(database.url, PROCESSES=2)
    parent = psutil.Process(instance.process.pid)
    first = parent.children()
    first[0].kill()
    (second,) = wait_until(lambda: set(parent.children()) - set(first), "a new process")
    second.kill()  # it ran so briefly that the supervisor waits before it starts the next one
    wait_until(lambda: instance.output.count("starting it again") == 2, "the pause")
    instance.signal()
    assert instance.wait(5) == 0
    assert psutil.wait_procs([*first, second], timeout=10)[1] == []
