"""Runs several worker processes on the same sockets and replaces those that end or hang.

Workers are forked before any event loop, connection or thread exists. Tornado's fork_processes does
not forward signals, restarts at most 100 times, and leaves workers behind when the parent stops.
"""

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from nestmap.processes.worker import Heartbeat, Heartbeats, Worker, fork
from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class SupervisorTimes:
    """The times of a supervisor, in seconds."""

    # How long workers may take to stop before they are killed.
    stop: float = TIMEOUTS.kill
    # How often the workers are checked.
    tick: float = 1.0
    # A worker without a heartbeat for this long hangs.
    silence: float = 20.0
    # A worker that ran for less than this is started again after a pause, which doubles each time.
    short_life: float = 10.0
    first_pause: float = 0.5
    longest_pause: float = 30.0


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Chores:
    """Other work of the parent: each second, and after a worker has ended (with its number)."""

    each_second: Callable[[], None] = _nothing
    worker_ended: Callable[[int], None] = _nothing


def run_workers(
    count: int,
    work: Callable[[Heartbeat], int],
    sockets: Iterable[socket.socket] = (),
    chores: Chores = Chores(),
    times: SupervisorTimes = SupervisorTimes(),
) -> int:
    """Run ``work(beat)`` in ``count`` processes and return the exit status.

    The work calls ``beat`` once a second as long as it is well. A worker that ends, is killed or
    hangs is replaced. If a worker fails before any worker has served, all stop.

    SIGTERM, SIGINT and SIGHUP stop the workers; SIGKILL follows after ``times.stop`` seconds, or
    with the second signal. The parent closes its ``sockets`` with the first signal, so that the
    kernel accepts no connection that no worker will answer.
    """
    return Supervisor(count, work, list(sockets), chores, times).run()


def reap_orphans() -> list[tuple[int, int]]:
    """Reap every child that has ended; return the PIDs with their exit codes.

    Some children are not workers: process 1 of a container gets the orphans of other processes, and
    a shell that starts this program by exec may leave it children.
    """
    ended = []
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append((found[0], os.waitstatus_to_exitcode(found[1])))
    return ended


class Supervisor:
    """The parent of the workers."""

    def __init__(
        self,
        count: int,
        work: Callable[[Heartbeat], int],
        sockets: list[socket.socket],
        chores: Chores,
        times: SupervisorTimes,
    ) -> None:
        self._work = work
        self._sockets = sockets
        self._chores = chores
        self._times = times
        self._beats = Heartbeats(count)
        self._workers = [Worker(number) for number in range(count)]
        self._has_served = False
        self._signals = 0
        self._left = False
        self._killing_at = float("inf")
        self._status = 0

    def run(self) -> int:
        """Start the workers; returns when all have ended."""
        waker = self._wake_on_signals()
        next_tick = time.monotonic()
        while not self._stopping() or any(worker.pid for worker in self._workers):
            self._heed_signals()
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + self._times.tick
                self._tick()
            if select.select([waker], [], [], max(0.0, next_tick - time.monotonic()))[0]:
                waker.recv(4096)
            self._reap()
        return self._status

    def _tick(self) -> None:
        now = time.monotonic()
        if self._stopping():
            if now >= self._killing_at:
                self._kill_all("did not end in time")
            return
        for worker in self._workers:
            if worker.pid is None:
                if now >= worker.start_at:
                    self._start(worker)
            else:
                self._look_at(worker)
        self._chores.each_second()

    def _start(self, worker: Worker) -> None:
        self._beats.reset(worker.number)
        # A worker must not handle a signal like its parent.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        beat = self._beats.beat_of(worker.number)
        try:
            worker.started(fork(lambda: self._work(beat)))
        except OSError as error:  # no process or no memory is available now
            log.error("process %d can't be started: %s", worker.number, error)  # noqa: TRY400
            worker.start_at = time.monotonic() + self._times.longest_pause
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def _look_at(self, worker: Worker) -> None:
        """Kill a worker that hangs; SIGABRT makes it log its traceback first.

        It counts checks, not seconds: after the machine was suspended, workers have had no time to
        beat.
        """
        beat = self._beats[worker.number]
        self._has_served = self._has_served or beat > 0
        worker.silent_looks = worker.silent_looks + 1 if beat == worker.last_beat else 0
        worker.last_beat = beat
        late = worker.silent_looks * self._times.tick - self._times.silence
        if late > 0:
            log.error("process %d hangs, it is killed and replaced", worker.number)
            self._send(worker, signal.SIGABRT if late < 2 * self._times.tick else signal.SIGKILL)

    def _reap(self) -> None:
        for pid, status in reap_orphans():
            for worker in self._workers:
                if worker.pid == pid:
                    self._ended(worker, status)

    def _ended(self, worker: Worker, status: int) -> None:
        beat = self._beats[worker.number]
        self._has_served = self._has_served or beat > 0
        worker.ended(self._times.short_life)
        self._chores.worker_ended(worker.number)
        if self._stopping():
            # A worker that got the stop before it installed its handlers dies by the signal.
            self._status = self._status or (0 if status == -signal.SIGTERM else min(abs(status), 1))
        elif status > 0 and not self._has_served:
            self._status = status
            self._stop()
        else:
            pause = worker.pause(self._times.first_pause, self._times.longest_pause)
            worker.start_at = time.monotonic() + pause
            how = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
            log.error("process %d %s, starting it again", worker.number, how)

    def _stopping(self) -> bool:
        return self._killing_at != float("inf")

    def _stop(self) -> None:
        log.info("stopping")
        self._killing_at = time.monotonic() + self._times.stop
        for listening in self._sockets:
            listening.close()
        for worker in self._workers:
            self._send(worker, signal.SIGTERM)

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        self._signals += 1

    def _heed_signals(self) -> None:
        if self._signals and not self._stopping():
            self._stop()
        elif self._signals > 1 and not self._left:
            self._left = True
            self._kill_all("is left behind: told to stop twice")

    def _kill_all(self, why: str) -> None:
        for worker in self._workers:
            if worker.pid:
                log.error("process %d %s, it is killed", worker.number, why)
                self._status = self._status or 1
                self._send(worker, signal.SIGKILL)

    @staticmethod
    def _send(worker: Worker, number: signal.Signals) -> None:
        if worker.pid:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, number)

    def _wake_on_signals(self) -> socket.socket:
        """Return a socket that becomes readable with each signal, including SIGCHLD."""
        waker, woken = socket.socketpair()
        waker.setblocking(False)
        woken.setblocking(False)
        self._woken = woken  # a reference, so that it is not collected
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOP_SIGNALS:
            # Keep the SIGHUP handling of nohup.
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        return waker
