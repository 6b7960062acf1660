"""Standard output and the log when their reader is slow, gone or missing."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from nestmap.output import LineWriter
from tests.support.instance import ROOT, SECRET, environment
from tests.support.ports import free_port
from tests.support.visitor import Visitor
from tests.support.waiting import connectable, wait_until

pytestmark = pytest.mark.long

PIPE = 64 * 1024


@contextmanager
def site(database, directory, *, output=None, processes=1, before=()):
    """Run `python run.py` with `output` as standard output and error; give the process and a visitor.

    `before` is a command that starts the program given by the rest of its arguments.
    """
    port = free_port()
    settings = {"DATABASE_URL": database.url, "PORT": port, "SESSION_SECRET": SECRET}
    settings |= {"DATA_DIR": directory / "data", "PROCESSES": processes}
    with subprocess.Popen(
        [*before, sys.executable, str(ROOT / "run.py")],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as process:
        visitor = Visitor(f"http://127.0.0.1:{port}")
        try:
            wait_until(
                lambda: connectable(port) and visitor.get("/readyz").status == 200, "the site"
            )
            yield process, visitor
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def pipe():
    """Return the two ends of a pipe, as between the program and a reader of its log."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def fill(descriptor: int) -> None:
    """Write to a pipe until it is full."""
    os.set_blocking(descriptor, False)
    try:
        while True:
            os.write(descriptor, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(descriptor, True)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_reader_that_is_gone_stops_neither_the_start_nor_the_site(
    database, tmp_path, pipe, processes
):
    os.close(pipe[0])
    with site(database, tmp_path, output=pipe[1], processes=processes) as (process, visitor):
        assert visitor.put_place("lisbon").status == 201
        if processes == 2:
            parent = psutil.Process(process.pid)
            before = set(parent.children())
            before.copy().pop().kill()
            wait_until(lambda: len(set(parent.children()) - before) == 1, "a new worker")
        assert visitor.place_ids() == ["lisbon"]
        process.terminate()
        assert process.wait(15) == 0


def test_a_reader_that_does_not_read_stops_neither_the_start_nor_the_site(database, tmp_path, pipe):
    fill(pipe[1])
    with site(database, tmp_path, output=pipe[1]) as (process, visitor):
        assert visitor.put_place("lisbon").status == 201
        os.read(pipe[0], PIPE)
        wait_until(lambda: b"PUT /api/places/lisbon" in os.read(pipe[0], PIPE), "the line")
        fill(pipe[1])
        assert visitor.place_ids() == ["lisbon"]
        process.terminate()
        assert process.wait(15) == 0


def test_lines_above_the_bound_are_dropped_and_counted(pipe):
    fill(pipe[1])
    writer = LineWriter(pipe[1], lost_line=lambda count: f"{count} lost", most=10)
    for number in range(100):
        writer.put(f"line {number}")
    os.read(pipe[0], PIPE)
    writer.flush()
    writer.put("the last")
    writer.flush()
    *first, news, last = os.read(pipe[0], PIPE).decode().splitlines()
    assert last == "the last"
    assert len(first) + int(news.removesuffix(" lost")) == 100
    assert first == [f"line {number}" for number in range(len(first))]


def test_no_socket_gets_the_number_of_a_closed_standard_descriptor(database, tmp_path):
    """Otherwise lines of the log would be sent to a visitor or to PostgreSQL."""
    program = "import os, sys; os.closerange(0, 3); os.execv(sys.argv[1], sys.argv[1:])"
    closed = [sys.executable, "-c", program]
    with site(database, tmp_path, before=closed) as (process, visitor):
        assert visitor.put_place("lisbon").status == 201
        files = [str(Path(f"/proc/{process.pid}/fd/{number}").readlink()) for number in range(3)]
        assert files == [os.devnull] * 3
        process.terminate()
        assert process.wait(15) == 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_times_in_the_log_are_in_utc_and_marked_as_utc(database, start_instance, form):
    instance = start_instance(database.url, LOG_FORMAT=form, TZ="America/New_York")
    Visitor(instance.url).put_place("lisbon")
    assert instance.stop() == 0
    (line,) = [line for line in instance.output.splitlines() if "PUT" in line]
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line)


@pytest.mark.parametrize(("level", "seen"), [("info", False), ("debug", True)])
def test_probes_are_logged_at_level_debug_only(database, start_instance, level, seen):
    instance = start_instance(database.url, LOG_LEVEL=level)
    Visitor(instance.url).get("/livez")
    assert instance.stop() == 0
    assert ("/livez" in instance.output) == ("/readyz" in instance.output) == seen
