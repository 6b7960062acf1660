"""Sends units in one statement, repeatedly if needed, until each has its result."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from nestmap.database import DatabaseError, Locked, Refused, TimedOut, Unavailable
from nestmap.sessions.unit import Unit
from nestmap.timeouts import TIMEOUTS

Item = TypeVar("Item")
Result = TypeVar("Result")

Send = Callable[[Sequence[Unit[Item, Result]]], Awaitable[Sequence[Result | Exception]]]


# A batch with a faulty row is divided into this many parts. All units of a part wait for its locked row, so
# the parts must soon be small; each needs a connection, so there are few.
PARTS = 4


class Late(TimedOut):
    """The deadline of a change had passed when its row was locked, so this attempt did not make it."""


class Delivery(Generic[Item, Result]):
    """Sends units with ``send``, which returns the results in the same order.

    After Refused and Locked the units are divided until the faulty one is alone, and after Refused a
    merged unit, too: the fault of one row or change never fails another. With ``repeats=True``, units
    whose outcome is unknown are sent again until an answer decides it, and their entries do not fail
    before their ``timeout``.
    """

    def __init__(self, send: Send[Item, Result], timeout: float, *, repeats: bool) -> None:
        self._send = send
        self._timeout = timeout
        self._repeats = repeats

    async def deliver(self, units: Sequence[Unit[Item, Result]]) -> None:
        """Return when each entry of ``units`` has its result or has given up."""
        failures = 0
        while units := [unit for unit in units if not unit.is_done]:
            # No earlier attempt of these can have had an effect. From here on this one may have, unless its
            # error says that it had none.
            without_effect = [unit for unit in units if not unit.unknown]
            for unit in without_effect:
                unit.unknown = True
            retry_now = False
            try:
                results = await self._send(units)
            except (Refused, Locked) as error:
                _had_no_effect(without_effect)
                again = await self._after_refusal(units, error)
            except DatabaseError as error:
                if not error.unknown:
                    _had_no_effect(without_effect)
                # One connection was lost; the next one may work.
                retry_now = isinstance(error, Unavailable) and not failures
                failures += 1
                again = self._remaining(units, error, all_of_them=retry_now)
            else:
                again = self._answer(units, results, without_effect)
            if again and not retry_now:
                await asyncio.sleep(TIMEOUTS.first_retry)
            units = again

    def _remaining(
        self, units: Sequence[Unit[Item, Result]], error: DatabaseError, *, all_of_them: bool
    ) -> list[Unit[Item, Result]]:
        """Return the units to send again after ``error``; fail the others."""
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
        without_effect: Sequence[Unit[Item, Result]],
    ) -> list[Unit[Item, Result]]:
        """Set the results, and return the units to send again.

        A unit that was late because of its oldest entry is returned anew without that entry.
        """
        again: list[Unit[Item, Result]] = []
        for unit, result in zip(units, results, strict=True):
            if isinstance(result, Late) and unit in without_effect:
                unit.unknown = False
                again += self._with_time_left(unit, result)
            else:
                unit.answer(result)
        return again

    async def _after_refusal(
        self, units: Sequence[Unit[Item, Result]], error: DatabaseError
    ) -> Sequence[Unit[Item, Result]]:
        """Deliver several units in parts. Of a single one, return what to send again."""
        if len(units) > 1:
            size = -(-len(units) // PARTS)
            parts = [self.deliver(units[n : n + size]) for n in range(0, len(units), size)]
            for failed in await asyncio.gather(*parts, return_exceptions=True):
                if failed:
                    raise failed
            return []
        (unit,) = units
        if unit.unknown:
            # This attempt was refused; an earlier one may still arrive.
            return units
        if isinstance(error, Locked):
            # A single unit delays no other, so it is tried again while there is time for a pause, another
            # wait for the lock and a slow statement.
            needed = TIMEOUTS.first_retry + TIMEOUTS.lock + TIMEOUTS.slow
            return self._with_time_left(unit, error, needed)
        if len(unit.entries) == 1:
            unit.answer(error)
            return []
        # In turn: they change the same row, which a statement changes once only.
        for half in unit.halves():
            await self.deliver([half])
        return []

    def _with_time_left(
        self, unit: Unit[Item, Result], error: DatabaseError, seconds: float = 0.0
    ) -> list[Unit[Item, Result]]:
        """Return a new unit of the entries with more than ``seconds`` left; fail the others."""
        latest = asyncio.get_running_loop().time() + seconds - self._timeout
        for entry in unit.entries:
            if entry.since <= latest:
                entry.answer(error)
        again = unit.without_done()
        return [again] if again else []


def _had_no_effect(units: Sequence[Unit[Item, Result]]) -> None:
    """Record that the last attempt had no effect."""
    for unit in units:
        unit.unknown = False
