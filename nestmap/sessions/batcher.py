"""Batches: items that arrive while a statement is running share the next one.

A single item is sent immediately. A thousand simultaneous items need only a few statements.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nestmap.background import Background
from nestmap.database import DatabaseError, Overloaded, TimedOut
from nestmap.sessions.counts import BatchFigures
from nestmap.sessions.delivery import Delivery, Send
from nestmap.sessions.unit import Entry, Unit
from nestmap.timeouts import TIMEOUTS

Item = TypeVar("Item")
Result = TypeVar("Result")


# A batch starts in the next turn of the event loop, or up to two turns later while each brings more items:
# larger batches save more than the wait costs. With still more turns the database would be idle.
TURNS = 3


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits of a Batcher: counts of items and batches, and seconds."""

    items: int = 500  # in one statement
    waiting: int = 2000  # in the queue; another one raises Overloaded
    slow_after: float = TIMEOUTS.slow  # a batch that takes longer no longer delays the next one
    running: int = 8  # simultaneous batches, if they are slow
    timeout: float = TIMEOUTS.request  # the longest that an item waits for its result


@dataclass(frozen=True, slots=True)
class BatchRules(Generic[Item]):
    """Which items may share a statement, and if a statement may be repeated.

    The units of a statement have different keys (``key``): with ``merges``, items with the same key
    share a unit, else they are sent in separate statements. Without a ``key``, each item is a unit.
    With ``repeats``, a unit is sent again until its outcome is known.
    """

    key: Callable[[Item], Hashable] | None = None
    merges: bool = False
    repeats: bool = False


class Batcher(Generic[Item, Result]):
    """Collects items and sends each batch in one statement.

    ``send`` takes a list of units and returns their results (or the exception of one of them) in the
    same order; see Delivery for what it may raise.
    """

    def __init__(
        self,
        name: str,
        send: Send[Item, Result],
        background: Background,
        *,
        rules: BatchRules[Item] = BatchRules(),
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
        """Return the future result of ``item``; it fails with a DatabaseError within ``timeout``.

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
        if self._may_start():
            self._start_soon()
        if self._timer is None:
            self._timer = loop.call_later(self._limits.slow_after, self._check_times)
        return future

    def _is_full(self) -> bool:
        """Return True if ``waiting`` items are queued, or ``waiting + items`` queued and running."""
        limits, queued = self._limits, len(self._queue)
        running = sum(batch.size for batch in self._running)
        return queued >= limits.waiting or queued + running >= limits.waiting + limits.items

    def _may_start(self) -> bool:
        """Return True if no batch is running, or the newest is slow and fewer than the limit are."""
        if not self._running:
            return True
        slow = asyncio.get_running_loop().time() - self._limits.slow_after
        return self._running[-1].since <= slow and len(self._running) < self._limits.running

    def _start_soon(self) -> None:
        """Start a batch in the next turn of the loop, so that items of this turn are included."""
        if not self._starting:
            self._starting = True
            asyncio.get_running_loop().call_soon(
                self._start_unless_more_come, len(self._queue), TURNS
            )

    def _start_unless_more_come(self, queued: int, turns: int) -> None:
        """Start a batch, or wait for another turn if items have come in this one."""
        if turns > 1 and queued < len(self._queue) < self._limits.items:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._start_unless_more_come, len(self._queue), turns - 1)
        else:
            self._start_batch()

    def _start_batch(self) -> None:
        self._starting = False
        if not self._queue:
            return
        units = self._take()
        if not units:
            return
        size = sum(len(unit.entries) for unit in units)
        batch = _Batch(units, size, asyncio.get_running_loop().time())
        self._running.append(batch)
        self._background.start(self._run_batch(batch), f"{self._name} batch")

    def _take(self) -> list[Unit[Item, Result]]:
        """Remove the next batch from the queue and return its units."""
        if self._rules.key is not None:
            return self._take_keyed(self._rules.key)
        room = min(len(self._queue), self._limits.items)
        # Delivery skips those that have their result.
        return [Unit([self._queue.popleft()]) for _ in range(room)]

    def _take_keyed(self, key: Callable[[Item], Hashable]) -> list[Unit[Item, Result]]:
        """Take items of different keys; with ``merges``, those of one key are one unit.

        An item is skipped and keeps its place in the queue if its key is in a running batch, or in
        this batch and may not be merged.
        """
        # An item whose key is running would wait for the lock of its row anyway, and the two could be
        # carried out in another order.
        running = {key(unit.item) for batch in self._running for unit in batch.units}
        taken: dict[Hashable, list[Entry[Item, Result]]] = {}
        skipped: list[Entry[Item, Result]] = []
        room = self._limits.items
        while self._queue and room:
            entry = self._queue.popleft()
            if running and key(entry.item) in running:
                # It counts as taken, so that a batch overtakes no more of them than it may have items.
                skipped.append(entry)
                room -= 1
                continue
            same = taken.setdefault(key(entry.item), [])
            if same and not self._rules.merges:
                skipped.append(entry)
            elif not entry.future.done():
                same.append(entry)
                room -= 1
        self._queue.extendleft(reversed(skipped))
        return [Unit(same) for same in taken.values() if same]

    async def _run_batch(self, batch: "_Batch[Item, Result]") -> None:
        try:
            await self._delivery.deliver(batch.units)
        except BaseException:
            batch.fail(DatabaseError(f"{self._name} failed"))
            raise
        finally:
            self._running.remove(batch)
            if self._queue and self._may_start():
                self._start_soon()

    async def _send_counted(
        self, units: Sequence[Unit[Item, Result]]
    ) -> Sequence[Result | Exception]:
        # The loop's clock may have whole milliseconds only (uvloop).
        began = time.monotonic()
        items = sum(len(unit.entries) for unit in units)
        self.figures.sent(items, began - units[0].entries[0].arrived)
        try:
            return await self._send(units)
        finally:
            self.figures.durations.add(time.monotonic() - began)

    def _check_times(self) -> None:
        """Let the next batch overtake a slow one, and fail items that have waited too long."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        oldest = now - self._limits.timeout
        for batch in self._running:
            batch.fail(TimedOut(f"no answer in time to {self._name}"), older_than=oldest)
        for entry in self._queue:
            if entry.since < oldest:
                entry.answer(TimedOut(f"too long in the queue to {self._name}"))
        if self._may_start():
            self._start_batch()
        busy = self._queue or self._running
        self._timer = loop.call_later(self._limits.slow_after, self._check_times) if busy else None


@dataclass(slots=True, eq=False)
class _Batch(Generic[Item, Result]):
    units: "list[Unit[Item, Result]]"
    size: int  # entries
    since: float

    def fail(self, error: DatabaseError, older_than: float = float("inf")) -> None:
        for unit in self.units:
            for entry in unit.entries:
                if entry.since < older_than:
                    entry.answer(error)
