"""Batches: entries that arrive while a statement is running share the next one.

A single entry is sent immediately. A thousand at once need a handful of statements.
"""

import asyncio
import copy
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nestmap.background import Background
from nestmap.database import DatabaseError, Locked, Overloaded, Refused, TimedOut
from nestmap.sessions.counts import BatchFigures
from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap.sessions")

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits of a Batcher: counts of items and batches, and seconds."""

    items: int = 500  # in one statement
    waiting: int = 2000  # in the queue; one more is Overloaded
    slow_after: float = TIMEOUTS.slow  # a batch that takes longer no longer holds up the next one
    running: int = 8  # batches at once, when they are slow
    timeout: float = TIMEOUTS.request  # the longest that an item waits for its result


class Batcher(Generic[Item, Result]):
    """Gathers items and sends each batch of them in one statement.

    ``send`` takes a list of items, no two with the same ``key`` (without one, any may go together),
    and returns their results (or the exception of one of them) in the same order. Sending an item
    twice must be harmless. If it raises Refused or Locked, the batch is halved until the one item at
    fault is alone: the fault of one row never fails another's.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        background: Background,
        *,
        key: Callable[[Item], Hashable] | None = None,
        limits: BatchLimits = BatchLimits(),
    ) -> None:
        self._name = name
        self.figures = BatchFigures(name)
        self._send = send
        self._key = key
        self._background = background
        self._limits = limits
        self._queue: deque[_Entry[Item, Result]] = deque()
        self._running: list[_Batch[Item, Result]] = []
        self._starting = False
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, item: Item, waited: float = 0.0) -> asyncio.Future[Result]:
        """Return the future result of ``item``; it fails with a DatabaseError within ``timeout``.

        ``waited`` is what the request has used of that time before (seconds). Raises Overloaded at
        once if too many items wait.
        """
        if len(self._queue) >= self._limits.waiting:
            self.figures.failures[Overloaded] += 1
            raise Overloaded(f"too many wait to {self._name}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        since, arrived = loop.time() - waited, time.monotonic()
        self._queue.append(_Entry(item, future, since, arrived, self.figures.failures))
        if not self._starting and self._may_start():
            # Not before the loop's next turn, so that what arrives in this one goes along.
            self._starting = True
            loop.call_soon(self._start_batch)
        if self._timer is None:
            self._timer = loop.call_later(self._limits.slow_after, self._check_times)
        return future

    def _may_start(self) -> bool:
        """Return True if no batch is running, or the newest is slow and fewer than the limit are."""
        if not self._running:
            return True
        slow = asyncio.get_running_loop().time() - self._limits.slow_after
        return self._running[-1].since <= slow and len(self._running) < self._limits.running

    def _start_batch(self) -> None:
        self._starting = False
        if not self._queue:
            return
        batch = _Batch(self._take(), asyncio.get_running_loop().time())
        self._running.append(batch)
        self._background.start(self._run_batch(batch), f"{self._name} batch")

    def _take(self) -> "list[_Entry[Item, Result]]":
        if self._key is None:
            room = min(len(self._queue), self._limits.items)
            return [self._queue.popleft() for _ in range(room)]
        taken: dict[Hashable, _Entry[Item, Result]] = {}
        left: list[_Entry[Item, Result]] = []
        while self._queue and len(taken) < self._limits.items:
            entry = self._queue.popleft()
            if taken.setdefault(self._key(entry.item), entry) is not entry:
                left.append(entry)
        self._queue.extendleft(reversed(left))
        return list(taken.values())

    async def _run_batch(self, batch: "_Batch[Item, Result]") -> None:
        try:
            await self._send_entries(batch.entries)
        except DatabaseError as error:
            batch.fail(error)
        except BaseException:
            batch.fail(DatabaseError(f"{self._name} failed"))
            raise
        finally:
            self._running.remove(batch)
            if self._may_start():
                self._start_batch()

    async def _send_entries(self, entries: "Sequence[_Entry[Item, Result]]") -> None:
        """Send entries in one statement and give them their results."""
        entries = [entry for entry in entries if not entry.future.done()]
        if not entries:
            return
        try:
            results = await self._send_counted(entries)
        except (Refused, Locked) as error:
            await self._bisect(entries, error)
        else:
            for entry, result in zip(entries, results, strict=True):
                entry.answer(result)

    async def _send_counted(
        self, entries: "Sequence[_Entry[Item, Result]]"
    ) -> Sequence[Result | Exception]:
        # The loop's clock may have whole milliseconds only (uvloop).
        began = time.monotonic()
        self.figures.sent(len(entries), began - entries[0].arrived)
        try:
            return await self._send([entry.item for entry in entries])
        finally:
            self.figures.durations.add(time.monotonic() - began)

    async def _bisect(
        self, entries: "Sequence[_Entry[Item, Result]]", error: DatabaseError
    ) -> None:
        if len(entries) > 1:
            half = len(entries) // 2
            parts = (self._send_entries(entries[:half]), self._send_entries(entries[half:]))
            for failed in await asyncio.gather(*parts, return_exceptions=True):
                if failed:
                    raise failed
        elif isinstance(error, Locked) and self._has_time_for_a_lock(entries[0]):
            # Alone it holds up no other item, and may wait for its lock until its time is over.
            await self._send_entries(entries)
        else:
            entries[0].answer(error)

    def _has_time_for_a_lock(self, entry: "_Entry[Item, Result]") -> bool:
        """Return True if one more attempt ends before the entry is answered.

        An attempt that outlives its answer could take the lock after the client was told 503.
        """
        left = entry.since + self._limits.timeout - asyncio.get_running_loop().time()
        return left > TIMEOUTS.lock + TIMEOUTS.slow

    def _check_times(self) -> None:
        """Let the next batch overtake a slow one, and fail what has waited too long."""
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


@dataclass(slots=True)
class _Entry(Generic[Item, Result]):
    item: Item
    future: asyncio.Future[Result]
    since: float
    arrived: float
    failures: Counter[type[Exception]]

    def answer(self, result: "Result | Exception") -> None:
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.failures[type(result)] += 1
            # A copy each: many tasks raising one exception would share and grow its traceback.
            self.future.set_exception(copy.copy(result))
        else:
            self.future.set_result(result)


@dataclass(slots=True, eq=False)
class _Batch(Generic[Item, Result]):
    entries: "list[_Entry[Item, Result]]"
    since: float

    def fail(self, error: DatabaseError, older_than: float = float("inf")) -> None:
        for entry in self.entries:
            if entry.since < older_than:
                entry.answer(error)
