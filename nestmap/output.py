"""Standard output and standard error, which must never stop the site.

If their reader is slow or gone, a write would wait indefinitely or fail. So a thread writes all output,
and lines above a limit are dropped and counted.
"""

import os
import queue
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

STDIN = 0
STDOUT = 1
STDERR = 2

# How long to wait for the messages at the start and the last lines at the end (seconds).
SECONDS = 1.0

# Lines are collected for this long (seconds) and written together, up to this many.
GATHER_SECONDS = 0.02
TOGETHER = 1000


class LineWriter:
    """Writes lines to a descriptor in the background; put() never waits."""

    def __init__(
        self, descriptor: int, lost_line: Callable[[int], str], most: int = 10_000
    ) -> None:
        self._descriptor = descriptor
        self._lost_line = lost_line
        self._most = most
        self._thread: threading.Thread | None = None
        self._begin()
        # A fork copies the queue, but not the thread.
        os.register_at_fork(after_in_child=self._begin)

    def put(self, line: str) -> None:
        """Write a line, or count it as lost if too many are waiting."""
        if self._lines.qsize() >= self._most:
            self._dropped += 1
            return
        self._taken += 1
        self._lines.put(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
            self._thread.start()

    def flush(self, seconds: float = SECONDS) -> None:
        """Wait until all lines are written, up to ``seconds``."""
        give_up = time.monotonic() + seconds
        while self._done < self._taken and time.monotonic() < give_up:
            time.sleep(0.002)

    def _begin(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread = None
        # Only one thread changes each counter: put() the first two, _run() the others.
        self._taken, self._dropped = 0, 0
        self._done, self._failed, self._told = 0, 0, 0

    def _run(self) -> None:
        while True:
            lines = [self._lines.get()]
            # Waking a thread for each line would cost a request more than all other work on the line.
            time.sleep(GATHER_SECONDS)
            while len(lines) < TOGETHER and not self._lines.empty():
                lines.append(self._lines.get())
            self._write(lines)
            self._done += len(lines)

    def _write(self, lines: list[str]) -> None:
        lost = self._dropped + self._failed
        news = [self._lost_line(lost - self._told)] if lost > self._told else []
        try:
            write_all(self._descriptor, "\n".join(lines + news) + "\n")
        except OSError:  # the reader is gone or the disk is full, maybe for a while only
            self._failed += len(lines)
        else:
            self._told = lost


def say(text: str, descriptor: int = STDOUT) -> None:
    """Write a line at the start of the program; waits up to a second and never fails."""
    writer = threading.Thread(target=_try_to_write, args=(descriptor, text + "\n"), daemon=True)
    writer.start()
    writer.join(SECONDS)


def reserve_descriptors() -> None:
    """Open standard input, output and error if they are closed, so that no socket gets their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def write_all(descriptor: int, text: str) -> None:
    """Write the whole text; waits for a slow reader."""
    rest = memoryview(text.encode("utf-8", "backslashreplace"))
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # the parent process has made the descriptor non-blocking
            select.select([], [descriptor], [])


def _try_to_write(descriptor: int, text: str) -> None:
    with suppress(OSError):
        write_all(descriptor, text)
