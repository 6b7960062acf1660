"""Send units in one statement until each has its result."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from nestmap.database import DatabaseError, Locked, Refused, TimedOut, Unavailable
from nestmap.sessions.unit import Unit
from nestmap.timeouts import TIMEOUTS

Item = TypeVar("Item")
Result = TypeVar("Result")

Send = Callable[[Sequence[Unit[Item, Result]]], Awaitable[Sequence[Result | Exception]]]


class Late(TimedOut):
    """The deadline of a change had passed when its row was locked, so it was not carried out."""


class Delivery(Generic[Item, Result]):
    """Sends units with ``send``, which returns their results in the same order.

    Refused and Locked halve the units until the one at fault is alone: the fault of one row never
    fails another's. ``repeats=True``: what may have been carried out is sent again until an answer
    decides it, and nobody is told before the ``timeout`` of the entries that it failed.
    """

    def __init__(self, send: Send[Item, Result], timeout: float, *, repeats: bool) -> None:
        self._send = send
        self._timeout = timeout
        self._repeats = repeats

    async def deliver(self, units: Sequence[Unit[Item, Result]]) -> None:
        """Return when each entry of ``units`` has its result, or waits no more."""
        failures = 0
        while units := [unit for unit in units if not unit.is_done]:
            known = [unit for unit in units if not unit.unknown]
            for unit in known:
                unit.unknown = True
            at_once = False
            try:
                results = await self._send(units)
            except (Refused, Locked) as error:
                _decide(known)
                await self._bisect(units, error)
                return
            except DatabaseError as error:
                _decide([] if error.unknown else known)
                # One connection was lost, and the next one may be good.
                at_once = isinstance(error, Unavailable) and not failures
                failures += 1
                again = self._remaining(units, error, all_of_them=at_once)
            else:
                again = self._answer(units, results, known)
            if again and not at_once:
                await asyncio.sleep(TIMEOUTS.first_retry)
            units = again

    def _remaining(
        self, units: Sequence[Unit[Item, Result]], error: DatabaseError, *, all_of_them: bool
    ) -> list[Unit[Item, Result]]:
        """Return the units to send again after ``error``; the others are told."""
        again = []
        for unit in units:
            if self._repeats and (unit.unknown or all_of_them):
                again.append(unit)
            else:
                unit.answer(error)
        return again

    def _answer(
        self,
        units: Sequence[Unit[Item, Result]],
        results: Sequence[Result | Exception],
        known: Sequence[Unit[Item, Result]],
    ) -> list[Unit[Item, Result]]:
        """Give the results; return units of what was late with the oldest of them and has time."""
        again: list[Unit[Item, Result]] = []
        for unit, result in zip(units, results, strict=True):
            if isinstance(result, Late) and unit in known:
                unit.unknown = False
                again += self._younger(unit, result)
            else:
                unit.answer(result)
        return again

    async def _bisect(self, units: Sequence[Unit[Item, Result]], error: DatabaseError) -> None:
        if len(units) > 1:
            half = len(units) // 2
            parts = (self.deliver(units[:half]), self.deliver(units[half:]))
            for failed in await asyncio.gather(*parts, return_exceptions=True):
                if failed:
                    raise failed
            return
        (unit,) = units
        if unit.unknown:
            # This sending was refused; an earlier one may still arrive.
            await asyncio.sleep(TIMEOUTS.first_retry)
            await self.deliver(units)
        elif isinstance(error, Refused) and len(unit.entries) > 1:
            await self.deliver(unit.apart())
        elif isinstance(error, Locked):
            # Alone it holds up no other unit, and may wait for its lock until its time is over.
            await self.deliver(self._younger(unit, error, TIMEOUTS.lock + TIMEOUTS.slow))
        else:
            unit.answer(error)

    def _younger(
        self, unit: Unit[Item, Result], error: DatabaseError, seconds: float = 0.0
    ) -> list[Unit[Item, Result]]:
        """Return a new unit of the entries that have more than ``seconds`` left; tell the others."""
        latest = asyncio.get_running_loop().time() + seconds - self._timeout
        for entry in unit.entries:
            if entry.since <= latest:
                entry.answer(error)
        again = unit.anew()
        return [again] if again else []


def _decide(units: Sequence[Unit[Item, Result]]) -> None:
    """Note that the last sending was not carried out."""
    for unit in units:
        unit.unknown = False
