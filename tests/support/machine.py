"""Measures how busy this machine is: promises in seconds hold for an idle machine.

A thread uses 2 ms of CPU time ten times a second, and measures the elapsed time: 2 ms on an idle
machine, 8 ms if each program gets a quarter of a processor.
"""

import threading
import time

EVERY = 0.1
WORK = 0.002


class Machine:
    """Measures in this process, from the first call on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def watch(self) -> None:
        """Start the thread, unless it is running."""
        with self._lock:
            if not self._samples:
                self._samples.append((time.monotonic(), _slowdown()))
                self._thread.start()

    def slowdown(self, began: float, ended: float) -> float:
        """Return the factor by which work was slower than on an idle machine between these times."""
        during = [found for at, found in self._samples if began - EVERY <= at <= ended + EVERY]
        return max(1.0, sum(during) / len(during)) if during else _slowdown()

    def in_time(self, began: float, ended: float, seconds: float) -> bool:
        """Return True if the time is less than `seconds`, multiplied by the slowdown of the machine."""
        return ended - began < seconds * self.slowdown(began, ended)

    def _watch(self) -> None:
        while True:
            time.sleep(EVERY)
            self._samples.append((time.monotonic(), _slowdown()))


def _slowdown() -> float:
    began, work = time.monotonic(), time.thread_time()
    while time.thread_time() - work < WORK:
        pass
    return (time.monotonic() - began) / WORK


MACHINE = Machine()
