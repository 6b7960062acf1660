"""A program that runs workers of a test under the site's supervisor, with short time limits."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.instance import ROOT, environment
from tests.support.waiting import wait_until

PROGRAM = """
import os, signal, sys, time
from nestmap.logs import configure_logs
from nestmap.processes.supervisor import SupervisorTimes, run_workers

configure_logs("info", "text")
TIMES = SupervisorTimes(
    stop=float(sys.argv[2]), tick=0.05, silence=0.5, short_life=60, first_pause=0.05
)

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def serve(beat):
    "Send heartbeats until a stop."
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        beat()
        say("served", os.getpid())
        time.sleep(0.02)

def deaf(beat):
    "Send heartbeats and ignore the stop."
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        beat()
        say("served", os.getpid())
        time.sleep(0.02)

def hang(beat):
    "Serve once, then hang."
    beat()
    say("served", os.getpid())
    time.sleep(60)

def mute(beat):
    "Hang before the first heartbeat."
    say("served", os.getpid())
    time.sleep(60)

def crash(beat):
    "Serve once, then end."
    beat()
    say("served", os.getpid(), time.monotonic())
    os._exit(3)

def refuse(beat):
    "Never serve."
    return 2

sys.exit(run_workers(2, globals()[sys.argv[1]], times=TIMES))
"""


class Workers:
    """The running program."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def served(self) -> list[str]:
        """Return what each worker printed when it began to serve, in order."""
        return [line for line in self.output.splitlines() if line.startswith("served")]

    def pids(self) -> list[int]:
        """Return the PIDs of the workers that have served, each once, the oldest first."""
        return list(dict.fromkeys(int(line.split()[1]) for line in self.served()))

    def wait_for(self, count: int) -> list[int]:
        """Wait until `count` workers have served."""
        return wait_until(lambda: len(self.pids()) >= count and self.pids(), self.output)


@contextmanager
def workers(
    work: str, directory: Path, *, before: str = "", stop: float = 0.5
) -> Iterator[Workers]:
    """Run two workers that do `work`, after a shell command; a stop gives them `stop` seconds."""
    output = directory / "output"
    python = [sys.executable, "-c", PROGRAM, work, str(stop)]
    command = ["sh", "-c", f'{before} exec "$@"', "sh", *python]
    with (
        output.open("wb") as file,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment({}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Workers(process, output)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
