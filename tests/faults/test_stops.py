"""G15 under twelve writers: a stop drops no response, and a kill loses nothing acknowledged."""

import errno
import socket
import time

import psutil
import pytest

from tests.support.crowd import Crowd
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

DRAIN_SECONDS = 10


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def instance(request, shared_database, relay, start_instance):
    settings = {"PROCESSES": request.param, "REGISTRATIONS_PER_HOUR": 1000}
    return start_instance(shared_database.url_at(relay.port), **settings)


@pytest.fixture
def crowd(instance):
    return Crowd(instance.url, members=12, visitors=0)


@pytest.fixture
def again(instance, shared_database, start_instance):
    """Start the site again on the same port."""
    return lambda: start_instance(shared_database.url, PORT=instance.port)


def refused(port: int) -> bool:
    """Return True if a new connection is refused at once instead of being kept waiting."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


@pytest.mark.parametrize("instance", [1], indirect=True)
def test_a_kill_loses_nothing_that_was_acknowledged(instance, crowd, again):
    with crowd:
        crowd.go_on(0.7)
        instance.kill()
    assert sum(map(len, crowd.acknowledged.values())) > 12
    again()
    crowd.assert_nothing_lost()


def test_a_stop_answers_running_requests_and_loses_nothing(instance, crowd, again):
    with crowd:
        crowd.go_on(0.7)
        told = time.monotonic()
        instance.signal()
        assert instance.wait(DRAIN_SECONDS) == 0
    assert [asked for asked in crowd.of_members if asked.began < told and not asked.good] == []
    assert [asked for asked in crowd.of_members if asked.status not in {200, 201, None}] == []
    assert "Traceback" not in instance.output
    again()
    crowd.assert_nothing_lost()


def test_a_second_stop_signal_ends_the_program_at_once(instance, crowd, relay, again):
    with crowd:
        crowd.go_on(0.3)
        relay.hold()
        relay.wait_for_held()
        instance.signal()
        wait_until(lambda: refused(instance.port), "new visitors to be turned away")
        assert instance.process.poll() is None
        instance.signal()
        assert instance.wait(DRAIN_SECONDS / 2) != 0
    relay.release()
    again()
    crowd.assert_nothing_lost()


@pytest.mark.parametrize("instance", [2], indirect=True)
def test_a_process_that_is_killed_is_replaced_and_loses_nothing(instance, crowd):
    parent = psutil.Process(instance.process.pid)
    workers = parent.children()
    assert len(workers) == 2
    with crowd:
        crowd.go_on(0.3)
        workers[0].kill()
        wait_until(lambda: len(set(parent.children()) - set(workers)) == 1, "a new process")
        crowd.go_on(0.7)
    assert [asked for asked in crowd.of_members[-24:] if not asked.good] == []
    crowd.assert_nothing_lost()
