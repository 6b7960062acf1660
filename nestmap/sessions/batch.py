"""Batches: while one statement is on its way, the next one's items gather.

A lone item departs at once and waits for nobody; a thousand at once need a handful of statements.
"""

import asyncio
import copy
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nestmap.background import Background
from nestmap.database import DatabaseError, Locked, Overloaded, Refused, TimedOut

log = logging.getLogger("nestmap.sessions")

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Bounds of a Batch: items, batches and seconds."""

    items: int = 500  # in one statement
    waiting: int = 2000  # in the queue; one more is Overloaded
    late: float = 0.4  # a batch that takes longer no longer holds up the next one
    flights: int = 8  # batches on their way at once, when they are late
    patience: float = 4.4  # the longest that an item waits; longer than its statement may take


class Batch(Generic[Item, Result]):
    """Gathers items and sends each lot of them in one statement.

    ``send`` takes a list of items, no two with the same ``key`` (without one, any may go together),
    and gives their results (or the exception of one of them) in the same order. It must be harmless
    to send an item twice. When it raises Refused or Locked, the lot is halved until the one item at
    fault stands alone: one row's fault never fails another's.
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
        self._send = send
        self._key = key
        self._background = background
        self._limits = limits
        self._queue: deque[_Waiting[Item, Result]] = deque()
        self._flights: list[_Flight[Item, Result]] = []
        self._departing = False
        self._clock: asyncio.TimerHandle | None = None

    def submit(self, item: Item, waited: float = 0.0) -> asyncio.Future[Result]:
        """The future result of one item; it fails with a DatabaseError within ``patience``.

        ``waited`` is what the request has spent of it before (seconds). Raises Overloaded at once
        when too many wait already.
        """
        if len(self._queue) >= self._limits.waiting:
            raise Overloaded(f"too many wait to {self._name}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._queue.append(_Waiting(item, future, loop.time() - waited))
        if not self._departing and self._may_depart():
            # Not before the loop's next turn, so that what arrives in this one goes along.
            self._departing = True
            loop.call_soon(self._depart)
        if self._clock is None:
            self._clock = loop.call_later(self._limits.late, self._tick)
        return future

    def _may_depart(self) -> bool:
        """Whether nothing is on its way but what is late, which no longer holds up the next."""
        if not self._flights:
            return True
        late = asyncio.get_running_loop().time() - self._limits.late
        return self._flights[-1].since <= late and len(self._flights) < self._limits.flights

    def _depart(self) -> None:
        self._departing = False
        if not self._queue:
            return
        flight = _Flight(self._take(), asyncio.get_running_loop().time())
        self._flights.append(flight)
        self._background.start(self._fly(flight), f"{self._name} batch")

    def _take(self) -> "list[_Waiting[Item, Result]]":
        if self._key is None:
            room = min(len(self._queue), self._limits.items)
            return [self._queue.popleft() for _ in range(room)]
        taken: dict[Hashable, _Waiting[Item, Result]] = {}
        left: list[_Waiting[Item, Result]] = []
        while self._queue and len(taken) < self._limits.items:
            waiting = self._queue.popleft()
            if taken.setdefault(self._key(waiting.item), waiting) is not waiting:
                left.append(waiting)
        self._queue.extendleft(reversed(left))
        return list(taken.values())

    async def _fly(self, flight: "_Flight[Item, Result]") -> None:
        try:
            await self._settle(flight.aboard)
        except DatabaseError as error:
            flight.fail(error)
        except BaseException:
            flight.fail(DatabaseError(f"{self._name} failed"))
            raise
        finally:
            self._flights.remove(flight)
            if self._may_depart():
                self._depart()

    async def _settle(self, lot: "Sequence[_Waiting[Item, Result]]") -> None:
        """Send a lot and answer it; halve it until the one item at fault stands alone."""
        lot = [waiting for waiting in lot if not waiting.future.done()]
        if not lot:
            return
        try:
            results = await self._send([waiting.item for waiting in lot])
        except (Refused, Locked) as error:
            await self._settle_apart(lot, error)
        else:
            for waiting, result in zip(lot, results, strict=True):
                waiting.answer(result)

    async def _settle_apart(
        self, lot: "Sequence[_Waiting[Item, Result]]", error: DatabaseError
    ) -> None:
        if len(lot) > 1:
            half = len(lot) // 2
            parts = (self._settle(lot[:half]), self._settle(lot[half:]))
            for failed in await asyncio.gather(*parts, return_exceptions=True):
                if failed:
                    raise failed
        elif isinstance(error, Locked):
            # Alone it holds up nobody, and may wait for its lock until its patience is over.
            await self._settle(lot)
        else:
            lot[0].answer(error)

    def _tick(self) -> None:
        """Let the next batch overtake one that is late, and fail what has waited too long."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for flight in self._flights:
            flight.fail(
                TimedOut(f"too long on the way to {self._name}"), now - self._limits.patience
            )
        for waiting in self._queue:
            if waiting.since < now - self._limits.patience:
                waiting.answer(TimedOut(f"too long in the queue to {self._name}"))
        if self._may_depart():
            self._depart()
        busy = self._queue or self._flights
        self._clock = loop.call_later(self._limits.late, self._tick) if busy else None


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    future: asyncio.Future[Result]
    since: float

    def answer(self, result: "Result | Exception") -> None:
        if self.future.done():
            return
        if isinstance(result, Exception):
            # A copy each: many tasks raising one exception would share and grow its traceback.
            self.future.set_exception(copy.copy(result))
        else:
            self.future.set_result(result)


@dataclass(slots=True, eq=False)
class _Flight(Generic[Item, Result]):
    aboard: "list[_Waiting[Item, Result]]"
    since: float

    def fail(self, error: DatabaseError, older_than: float = float("inf")) -> None:
        for waiting in self.aboard:
            if waiting.since < older_than:
                waiting.answer(error)
