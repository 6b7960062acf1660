"""A server process: start, wait until it is ready, measure memory and CPU time, stop."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.errors import BenchmarkError
from benchmarks.sides import Side

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_LOG_LINES = 20


class Server:
    """A running server and the port it listens on, on 127.0.0.1."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self._process = process

    def memory(self) -> float:
        """Return the resident memory of the process and its children in MB; shared pages count in each."""
        parent = psutil.Process(self._process.pid)
        total = 0
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total / 1e6

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process and its children so far."""
        return cpu_seconds(self._process.pid)

    def wait_until_up(self, path: str) -> None:
        """Return when `path` answers 200; BenchmarkError if it never does or the process ends."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers(path):
            if self._process.poll() is not None:
                raise BenchmarkError(f"it ended with exit code {self._process.returncode}")
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{path} was not 200 within {_START_SECONDS:.0f} s")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it; kill what still runs after 15 s."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children, including children that have ended."""
    parent = psutil.Process(pid)
    total = 0.0
    for process in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def running(side: Side, url: str, folder: Path, processes: int = 1) -> Iterator[Server]:
    """Run a side on the database `url` and a free port; it may write to `folder`."""
    port = _free_port()
    log = folder / f"{side.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            side.command,
            env=side.environment(url, port, processes, folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # only this process handles Ctrl-C, and stops the server in order
        )
    server = Server(process, port)
    try:
        _wait_until_up(server, side, log)
        yield server
    finally:
        server.stop()


def _wait_until_up(server: Server, side: Side, log: Path) -> None:
    try:
        server.wait_until_up(side.ready)
    except BenchmarkError as error:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        lines = "\n  ".join(said) or "nothing"
        raise BenchmarkError(f"{side.name} did not start: {error}. It said:\n  {lines}") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
