"""Batches: items that arrive while a statement is running share the next one.

A single item is sent in the next turn of the event loop. A thousand simultaneous items need only a few
statements. A unit is one item, or several that are merged; see unit.py.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nestmap.background import Background
from nestmap.database import DatabaseError, Overloaded, TimedOut
from nestmap.sessions.batch_rules import BatchRules
from nestmap.sessions.counts import BatchFigures
from nestmap.sessions.delivery import Delivery, Send
from nestmap.sessions.unit import Entry, Unit
from nestmap.timeouts import TIMEOUTS

Item = TypeVar("Item")
Result = TypeVar("Result")


# A batch starts in the next turn of the event loop, or up to two turns later while each brings more items:
# larger batches save more than the wait costs. With still more turns the database would be idle.
TURNS = 3


NO_RULES: BatchRules[Any] = BatchRules()


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits of a Batcher: counts of items and batches, and seconds."""

    items: int = 500  # in one statement
    waiting: int = 2000  # in the queue; another one raises Overloaded
    slow_after: float = TIMEOUTS.slow  # a batch that takes longer no longer delays the next one
    running: int = 8  # simultaneous batches, if they are slow
    timeout: float = TIMEOUTS.request  # for the result of an item; checked every ``slow_after``


class Batcher(Generic[Item, Result]):
    """Collects items and sends each batch in one statement.

    ``send`` takes a list of units and returns their results (or the exception of one of them) in the
    same order. It raises a DatabaseError; after Refused and Locked, and others whose ``unknown`` is
    False, the batch had no effect.
    """

    def __init__(
        self,
        name: str,
        send: Send[Item, Result],
        background: Background,
        *,
        rules: BatchRules[Item] = NO_RULES,
        limits: BatchLimits = BatchLimits(),
    ) -> None:
        self._name = name
        self.figures = BatchFigures(name)
        self._send = send
        self._delivery = Delivery(self._send_counted, limits.timeout, repeats=rules.repeats)
        self._rules = rules
        self._background = background
        self._limits = limits
        self._queue: deque[Entry[Item, Result]] = deque()
        self._running: list[_Batch[Item, Result]] = []
        self._starting = False
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, item: Item, since: float | None = None) -> asyncio.Future[Result]:
        """Return the future result of ``item``; after ``timeout`` it fails with a DatabaseError.

        ``since`` is when that time began (the loop's time), by default now. Raises Overloaded at
        once if too many items wait.
        """
        if self._is_full():
            self.figures.failures[Overloaded] += 1
            raise Overloaded(f"too many wait to {self._name}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        since = loop.time() if since is None else since
        self._queue.append(Entry(item, future, since, time.monotonic(), self.figures.failures))
        self._start_if_possible()
        if self._timer is None:
            self._timer = loop.call_later(self._limits.slow_after, self._check_times)
        return future

    def _is_full(self) -> bool:
        """Return True if ``waiting`` items are queued, or ``waiting + items`` queued and running.

        While slow batches overtake each other, those that run would else be without a limit.
        """
        limits, queued = self._limits, len(self._queue)
        running = sum(batch.size for batch in self._running)
        return queued >= limits.waiting or queued + running >= limits.waiting + limits.items

    def _start_if_possible(self) -> None:
        if self._queue and not self._starting and self._may_start():
            self._starting = True
            # The end of a batch starts the next one, so there is a task until the queue is empty, and the
            # stop of the program, which waits for tasks, waits for all items.
            self._background.start(self._run_batch(len(self._queue)), f"{self._name} batch")

    def _may_start(self) -> bool:
        """Return True if no batch is running, or the newest is slow and fewer than the limit are."""
        if not self._running:
            return True
        slow = asyncio.get_running_loop().time() - self._limits.slow_after
        return self._running[-1].began <= slow and len(self._running) < self._limits.running

    async def _run_batch(self, queued: int) -> None:
        """Send a batch in the next turn of the loop, so that items of this turn are included.

        ``queued`` is the number of items when it was started.
        """
        try:
            for _ in range(TURNS - 1):
                more_came = len(self._queue) > queued
                if not more_came or len(self._queue) >= self._limits.items:
                    break
                queued = len(self._queue)
                await asyncio.sleep(0)
        finally:
            self._starting = False
        running = [unit for batch in self._running for unit in batch.units if unit.is_running]
        units = self._rules.take(self._queue, self._limits.items, running)
        # Without units, all items had timed out or their keys are running: their end or the timer starts a batch.
        if units:
            await self._deliver(units)

    async def _deliver(self, units: Sequence[Unit[Item, Result]]) -> None:
        batch = _Batch(units, asyncio.get_running_loop().time())
        self._running.append(batch)
        try:
            await self._delivery.deliver(units)
        except BaseException:
            batch.fail(DatabaseError(f"{self._name} failed"))
            raise
        finally:
            self._running.remove(batch)
            self._start_if_possible()

    async def _send_counted(
        self, units: Sequence[Unit[Item, Result]]
    ) -> Sequence[Result | Exception]:
        # The loop's clock may have whole milliseconds only (uvloop).
        began = time.monotonic()
        entries = [entry for unit in units for entry in unit.entries]
        self.figures.sent(len(entries), began - entries[0].arrived)
        for entry in entries:
            entry.is_sent = True
        try:
            return await self._send(units)
        finally:
            for entry in entries:
                entry.is_sent = False
            self.figures.durations.add(time.monotonic() - began)

    def _check_times(self) -> None:
        """Let the next batch overtake a slow one, and fail items that have waited too long.

        Items that have their results no longer count while others of their batch are repeated.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        oldest = now - self._limits.timeout
        for batch in self._running:
            batch.fail(TimedOut(f"no answer in time to {self._name}"), older_than=oldest)
            batch.count()
        for entry in self._queue:
            if entry.since < oldest:
                entry.answer(TimedOut(f"too long in the queue to {self._name}"))
        self._start_if_possible()
        busy = self._queue or self._running
        self._timer = loop.call_later(self._limits.slow_after, self._check_times) if busy else None


class _Batch(Generic[Item, Result]):
    """Units that were sent together at the time ``began`` (loop time), and the number of their items."""

    def __init__(self, units: Sequence[Unit[Item, Result]], began: float) -> None:
        self.units = units
        self.size = sum(len(unit.entries) for unit in units)
        self.began = began

    def count(self) -> None:
        """Count the items that are still running."""
        self.size = sum(len(unit.entries) for unit in self.units if unit.is_running)

    def fail(self, error: DatabaseError, older_than: float = float("inf")) -> None:
        for unit in self.units:
            for entry in unit.entries:
                if entry.since < older_than:
                    entry.answer(error)
