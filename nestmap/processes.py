"""Several processes on the same sockets: forked before any loop, pool or thread, and minded."""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType

log = logging.getLogger("nestmap")

# A process that lived shorter than this is not started again at once (seconds).
SHORT_LIFE = 1.0


def in_processes(
    count: int, work: Callable[[int], int], sockets: Iterable[socket.socket] = ()
) -> int:
    """Run ``work(number)`` in ``count`` processes and give the status to exit with.

    A process that was killed is started again; one that ends by itself ends all. SIGTERM and
    SIGINT are passed on as SIGTERM, a second one too, and the parent lets go of ``sockets``.
    """
    return _Minder(count, work, sockets).run()


class _Minder:
    def __init__(
        self, count: int, work: Callable[[int], int], sockets: Iterable[socket.socket]
    ) -> None:
        self._count = count
        self._work = work
        self._sockets = sockets
        self._children: dict[int, tuple[int, float]] = {}
        self._stopping = False
        self._status = 0

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._pass_on)
        signal.signal(signal.SIGINT, self._pass_on)
        for number in range(self._count):
            if not self._stopping:
                self._fork(number)
        while self._children:
            pid, status = os.wait()
            self._ended(pid, os.waitstatus_to_exitcode(status))
        return self._status

    def _fork(self, number: int) -> None:
        # A signal in the middle of this would be passed on to all but the newest.
        signals = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        pid = os.fork()
        if pid:
            self._children[pid] = (number, time.monotonic())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            return
        status = 1
        try:
            # A Ctrl-C reaches the whole group; the parent passes it on, once.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            status = self._work(number)
        except Exception:
            log.exception("process %d failed", number)
        finally:
            # What the parent opened (the embedded PostgreSQL) is the parent's to close.
            logging.shutdown()
            os._exit(status)

    def _ended(self, pid: int, status: int) -> None:
        number, since = self._children.pop(pid)
        if status < 0 and not self._stopping:
            log.error("process %d was killed by signal %d, starting it again", number, -status)
            if time.monotonic() - since < SHORT_LIFE:
                time.sleep(SHORT_LIFE)
            if not self._stopping:
                self._fork(number)
            return
        self._status = self._status or (1 if status < 0 else status)
        if not self._stopping:
            self._pass_on(signal.SIGTERM, None)

    def _pass_on(self, _: int, __: FrameType | None) -> None:
        self._stopping = True
        # As long as anyone listens, the kernel takes connections that nobody will answer.
        for listening in self._sockets:
            listening.close()
        for pid in list(self._children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
