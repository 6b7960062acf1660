"""Worker processes that die, hang or ignore signals, and children that are not workers."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import psutil
import pytest

from tests.support.instance import ROOT
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until
from tests.support.workers import workers

pytestmark = pytest.mark.long


def test_a_child_that_is_not_a_worker_is_reaped_and_ignored(tmp_path):
    """A shell that starts the program by exec may leave it children."""
    with workers("serve", tmp_path, before="sleep 0.3 &") as program:
        program.wait_for(2)
        parent = psutil.Process(program.process.pid)
        wait_until(lambda: len(parent.children()) == 2, "the third child to be gone")
        assert program.process.poll() is None
        program.process.terminate()
        assert program.process.wait(10) == 0


def test_process_1_reaps_orphans(database, start_instance, tmp_path):
    """In a container, each process whose parent ends becomes a child of process 1."""
    isolated = ["unshare", "--pid", "--fork"]
    if subprocess.run([*isolated, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs the right to make a process 1")
    orphan = 'sh -c "sleep 0.3 &"; exec "$@"'
    site = start_instance(database.url, before=[*isolated, "sh", "-c", orphan, "sh"])
    (process_1,) = psutil.Process(site.process.pid).children()
    assert Visitor(site.url).put_place("lisbon").status == 201
    wait_until(lambda: process_1.children() == [], "the orphan to be reaped")
    process_1.terminate()
    assert site.wait() == 0


def test_a_second_signal_ends_a_process_whose_event_loop_hangs():
    program = """
import asyncio
from nestmap.processes import stop_on_signals

async def main():
    stop_on_signals(asyncio.Event())
    print("hanging", flush=True)
    while True:
        pass

asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout.readline() == b"hanging\n"
        process.terminate()
        process.send_signal(signal.SIGINT)  # two signals of one kind could be delivered as one
        assert process.wait(10) == 1


def test_a_worker_whose_parent_has_ended_leaves_even_if_its_stop_hangs():
    program = """
import asyncio, types
from nestmap.processes import signals, stop_on_signals, watch

signals.TIMEOUTS = types.SimpleNamespace(kill=0.2)

async def main():
    stop = asyncio.Event()
    stop_on_signals(stop, supervised=True)
    asyncio.ensure_future(watch(stop, lambda: False))
    await stop.wait()
    await asyncio.sleep(60)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=30)
    assert done.returncode == 1


def test_a_worker_that_hangs_is_replaced_and_its_traceback_is_logged(tmp_path):
    with workers("hang", tmp_path) as program:
        first = program.wait_for(2)
        assert len(set(program.wait_for(4)) - set(first)) >= 2
        assert "hangs, it is killed and replaced" in program.output
        # The tracebacks of two workers that are killed at once may be mixed.
        wait_until(lambda: "in hang" in program.output, "a traceback in one piece")


def test_a_worker_that_hangs_before_its_first_heartbeat_is_replaced(tmp_path):
    with workers("mute", tmp_path) as program:
        program.wait_for(4)
        assert "hangs, it is killed and replaced" in program.output


def test_a_worker_that_is_stopped_by_a_signal_is_replaced(tmp_path):
    with workers("serve", tmp_path) as program:
        (stopped, _) = program.wait_for(2)
        os.kill(stopped, signal.SIGSTOP)
        program.wait_for(3)
        wait_until(lambda: not psutil.pid_exists(stopped), "the stopped one to be gone")


def test_no_worker_is_killed_after_the_whole_program_was_suspended(tmp_path):
    """As when a laptop is closed: no worker could report meanwhile that it is alive."""
    with workers("serve", tmp_path) as program:
        before = program.wait_for(2)
        os.killpg(program.process.pid, signal.SIGSTOP)
        wait_until(lambda: psutil.Process(before[0]).status() == psutil.STATUS_STOPPED, "the sleep")
        time.sleep(
            0.8
        )  # longer than a worker may go without a report: the suspension is what this test needs
        os.killpg(program.process.pid, signal.SIGCONT)
        served = len(program.served())
        wait_until(lambda: len(program.served()) > served + 20, "the workers to go on")
        assert program.pids() == before


def test_a_stop_kills_workers_that_ignore_it(tmp_path):
    with workers("deaf", tmp_path) as program:
        pids = program.wait_for(2)
        program.process.terminate()
        assert program.process.wait(10) == 1
        wait_until(lambda: not any(map(psutil.pid_exists, pids)), "the workers to be gone")


def test_a_second_stop_signal_kills_them_at_once(tmp_path):
    with workers("deaf", tmp_path, stop=60) as program:
        program.wait_for(2)
        program.process.terminate()
        wait_until(lambda: "stopping" in program.output, "the first to be heard")
        program.process.terminate()
        assert program.process.wait(10) == 1


def test_a_worker_that_always_crashes_is_restarted_more_slowly_for_ever(tmp_path):
    with workers("crash", tmp_path) as program:
        program.wait_for(12)
        assert program.process.poll() is None
        starts = [float(line.split()[2]) for line in program.served()]
        pauses = [later - earlier for earlier, later in pairwise(starts[::2])]
        assert pauses[-1] > 2 * pauses[0]


def test_a_start_fails_if_no_worker_ever_served(tmp_path):
    with workers("refuse", tmp_path) as program:
        assert program.process.wait(10) == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_closing_the_terminal_is_a_stop(database, start_instance, processes):
    # The site inherits how SIGHUP is handled, and the tests may run under nohup.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        site = start_instance(database.url, PROCESSES=processes)
    finally:
        signal.signal(signal.SIGHUP, before)
    visitor = Visitor(site.url)
    assert visitor.put_place("lisbon").status == 201
    os.killpg(site.process.pid, signal.SIGHUP)
    assert site.wait() == 0


def test_nohup_is_respected(database, start_instance):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        site = start_instance(database.url)
    finally:
        signal.signal(signal.SIGHUP, before)
    site.signal(signal.SIGHUP)
    assert site.readiness() == 200
    assert site.stop() == 0
