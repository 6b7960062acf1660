"""A worker process as its parent sees it."""

import faulthandler
import logging
import mmap
import os
import signal
import struct
import time
import warnings
from collections.abc import Callable
from typing import NoReturn

from nestmap.output import STDERR

log = logging.getLogger("nestmap")


class Worker:
    """A slot for a process: the process, if it runs, and the time at which the next one may start."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid: int | None = None
        self.start_at = 0.0
        self.last_beat = 0
        self.silent_looks = 0
        self._since = 0.0
        self._short_lives = 0

    def started(self, pid: int) -> None:
        """Record a new process."""
        self.pid = pid
        self.last_beat = self.silent_looks = 0
        self._since = time.monotonic()

    def ended(self, short_life: float) -> None:
        """Record that the process has ended, after a short or a long life."""
        self.pid = None
        short = time.monotonic() - self._since < short_life
        self._short_lives = self._short_lives + 1 if short else 0

    def pause(self, first: float, longest: float) -> float:
        """Return the wait before the next start: 0, or twice the last one up to the longest."""
        if not self._short_lives:
            return 0.0
        # The exponent has a limit: a worker may crash for weeks, and a float can't hold 2 ** 1024.
        return min(longest, first * 2.0 ** min(self._short_lives - 1, 100))


class Heartbeats:
    """A counter for each worker, in memory shared by parent and workers."""

    def __init__(self, count: int) -> None:
        self._memory = mmap.mmap(-1, 4 * count)

    def __getitem__(self, number: int) -> int:
        return int(struct.unpack_from("=I", self._memory, 4 * number)[0])

    def reset(self, number: int) -> None:
        """Reset the counter for a new process."""
        struct.pack_into("=I", self._memory, 4 * number, 0)

    def beat_of(self, number: int) -> "Heartbeat":
        """Return what this worker calls to say that it is well."""
        return Heartbeat(self._memory, number)


class Heartbeat:
    """The counter of one worker. ``worker`` is its number; a replacement has the same number."""

    def __init__(self, memory: mmap.mmap, worker: int) -> None:
        self._memory = memory
        self.worker = worker

    def __call__(self) -> None:
        (beat,) = struct.unpack_from("=I", self._memory, 4 * self.worker)
        struct.pack_into("=I", self._memory, 4 * self.worker, beat % 0xFFFFFFFF + 1)


def fork(work: Callable[[], int]) -> int:
    """Run ``work`` in a new process and return its PID; the result of ``work`` is the exit status.

    Call it with the stop signals blocked. The worker handles SIGTERM only: a Ctrl-C or a closed
    terminal signals all processes, and the parent forwards it.
    """
    with warnings.catch_warnings():
        # The thread of the log may be running; it holds no lock, and is started again in the
        # worker.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _work_and_exit(work)
    return pid


def _work_and_exit(work: Callable[[], int]) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        faulthandler.enable(STDERR)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        status = work()
    except BaseException as error:
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            status = error.code
        else:
            log.exception("a worker process failed")
    finally:
        # The parent closes what it opened (the embedded PostgreSQL).
        logging.shutdown()
        os._exit(status)
