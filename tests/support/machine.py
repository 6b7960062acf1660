"""How much slower than usual this machine is: promises in seconds are for a machine with time for us.

A thread works for 2 ms of processor time ten times a second, and measures how long that takes by the
clock: 2 ms on an idle machine, 8 ms where each program gets a quarter of a processor.
"""

import threading
import time

EVERY = 0.1
WORK = 0.002


class Machine:
    """Watches from the first question on, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def watch(self) -> None:
        """Begin to watch, unless it has begun."""
        with self._lock:
            if not self._samples:
                self._samples.append((time.monotonic(), _slowdown()))
                self._thread.start()

    def slowdown(self, began: float, ended: float) -> float:
        """Return how many times as long as on an idle machine work took between these times."""
        during = [found for at, found in self._samples if began - EVERY <= at <= ended + EVERY]
        return max(1.0, sum(during) / len(during)) if during else _slowdown()

    def in_time(self, began: float, ended: float, seconds: float) -> bool:
        """Return True if it took less than `seconds`, which are longer on a busy machine."""
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
