"""What a batch consists of: entries that wait for a result, in units that are sent as one."""

import asyncio
import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nestmap.database import DatabaseError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class Entry(Generic[Item, Result]):
    """An item and the future of who submitted it. ``since`` is when its time began (loop time)."""

    item: Item
    future: asyncio.Future[Result]
    since: float
    # When it was submitted (time.monotonic()), and where a failure is counted.
    arrived: float
    failures: Counter[type[Exception]]
    # Its outcome is not known: it was sent, and there is no answer that decides it.
    unknown: bool = False

    def answer(self, result: Result | Exception) -> None:
        """Give the result, unless the entry was answered before."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.failures[type(result)] += 1
            # A copy each: many tasks raising one exception would share and grow its traceback.
            error = copy.copy(result)
            if isinstance(error, DatabaseError):
                error.unknown = self.unknown
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Unit(Generic[Item, Result]):
    """Entries of one key, which are sent as one change under one name.

    What was sent once is sent again as it was, so the entries of a unit never change. Only when it is
    certain that nothing of it was carried out, its entries go into new units (`anew()`, `apart()`).
    """

    __slots__ = ("deadline", "entries", "name", "since")

    def __init__(self, entries: Sequence[Entry[Item, Result]]) -> None:
        self.entries = entries
        # The time of the oldest entry counts for all.
        self.since = min(entry.since for entry in entries)
        # Made by the sender when it sends the unit for the first time.
        self.name: str | None = None
        self.deadline = 0.0

    @property
    def items(self) -> list[Item]:
        """The items, in the order in which they were submitted."""
        return [entry.item for entry in self.entries]

    @property
    def item(self) -> Item:
        """The last item; the only one of a unit that merges nothing."""
        return self.entries[-1].item

    @property
    def is_done(self) -> bool:
        """True if no entry waits for a result any more."""
        return all(entry.future.done() for entry in self.entries)

    @property
    def unknown(self) -> bool:
        """True if the outcome of an earlier sending is not known."""
        return self.entries[0].unknown

    @unknown.setter
    def unknown(self, value: bool) -> None:
        for entry in self.entries:
            entry.unknown = value

    def answer(self, result: Result | Exception) -> None:
        """Give the result to each entry."""
        for entry in self.entries:
            entry.answer(result)

    def anew(self) -> "Unit[Item, Result] | None":
        """Return a new unit of the entries that wait, if there are any."""
        waiting = [entry for entry in self.entries if not entry.future.done()]
        return Unit(waiting) if waiting else None

    def apart(self) -> "list[Unit[Item, Result]]":
        """Return a new unit for each entry that waits."""
        return [Unit([entry]) for entry in self.entries if not entry.future.done()]
