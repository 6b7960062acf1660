"""One worker process as its parent sees it."""

import faulthandler
import logging
import mmap
import os
import signal
import struct
import time
import warnings
from collections.abc import Callable

from nestmap.output import STDERR

log = logging.getLogger("nestmap")


class Worker:
    """A place for a process: the process, if there is one, and when the next one may start."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid: int | None = None
        self.start_at = 0.0
        self.last_beat = 0
        self.silent_looks = 0
        self._since = 0.0
        self._short_lives = 0

    def started(self, pid: int) -> None:
        """Take note of a new process."""
        self.pid = pid
        self.last_beat = self.silent_looks = 0
        self._since = time.monotonic()

    def ended(self, short_life: float) -> None:
        """Take note that the process has ended, and whether it lived long."""
        self.pid = None
        short = time.monotonic() - self._since < short_life
        self._short_lives = self._short_lives + 1 if short else 0

    def pause(self, first: float, longest: float) -> float:
        """Return how long to wait before the next start: nothing, or twice as long each time."""
        return (
            float(min(longest, first * 2 ** (self._short_lives - 1))) if self._short_lives else 0.0
        )


class Heartbeats:
    """A counter for each worker, in memory that parent and workers share."""

    def __init__(self, count: int) -> None:
        self._memory = mmap.mmap(-1, 4 * count)

    def __getitem__(self, number: int) -> int:
        return int(struct.unpack_from("=I", self._memory, 4 * number)[0])

    def reset(self, number: int) -> None:
        """Begin again: a new process has not served yet."""
        struct.pack_into("=I", self._memory, 4 * number, 0)

    def beat_of(self, number: int) -> "Heartbeat":
        """Return what this worker calls to say that it is well."""
        return Heartbeat(self._memory, number)


class Heartbeat:
    """The counter of one worker; ``worker`` is its number, which the next in its place has too."""

    def __init__(self, memory: mmap.mmap, worker: int) -> None:
        self._memory = memory
        self.worker = worker

    def __call__(self) -> None:
        (beat,) = struct.unpack_from("=I", self._memory, 4 * self.worker)
        struct.pack_into("=I", self._memory, 4 * self.worker, beat % 0xFFFFFFFF + 1)


def fork(work: Callable[[], int]) -> int:
    """Run ``work`` in a new process and return its number; its result is the exit status.

    Call it with the signals that stop the parent blocked. The worker listens to SIGTERM alone: a
    Ctrl-C or the end of a terminal reaches all processes, and the parent passes it on.
    """
    with warnings.catch_warnings():
        # The thread of the log may run; it holds no lock, and starts anew in the worker.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
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
        # What the parent opened (the embedded PostgreSQL) is the parent's to close.
        logging.shutdown()
        os._exit(status)
