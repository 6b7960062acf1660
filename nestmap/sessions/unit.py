"""The parts of a batch: entries that wait for a result, grouped into units that are sent together."""

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
    """An item and the future of its caller. ``since`` is when its time limit began (loop time)."""

    item: Item
    future: asyncio.Future[Result]
    since: float
    # When it was submitted (time.monotonic()), and where a failure is counted.
    arrived: float
    failures: Counter[type[Exception]]
    # True if its outcome is unknown: it was sent and no answer has decided it.
    unknown: bool = False
    # True while a statement with it has no answer, which may also carry out one that has given up.
    is_sent: bool = False

    def answer(self, result: Result | Exception) -> None:
        """Set the result, unless the entry has one."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.failures[type(result)] += 1
            # A copy for each entry: tasks that raise the same exception would share and extend its traceback.
            error = copy.copy(result)
            if isinstance(error, DatabaseError):
                error.unknown = self.unknown
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Unit(Generic[Item, Result]):
    """Entries with the same key, which are sent as one change with one name.

    A repeated unit is sent unchanged, so its entries never change. Only after an attempt that surely had
    no effect may they move to new units (`without_done()`, `halves()`).
    """

    __slots__ = ("deadline", "entries", "name", "since")

    def __init__(self, entries: Sequence[Entry[Item, Result]]) -> None:
        self.entries = entries
        # The time of the oldest entry counts for all.
        self.since = min([entry.since for entry in entries])
        # Made by the sender when it sends the unit for the first time.
        self.name: str | None = None
        self.deadline = 0.0

    @property
    def items(self) -> list[Item]:
        """The items, in the order in which they were submitted."""
        return [entry.item for entry in self.entries]

    @property
    def item(self) -> Item:
        """The last item; without merging, the only one."""
        return self.entries[-1].item

    @property
    def is_done(self) -> bool:
        """True if no entry waits for a result. Delivery does not send such a unit."""
        return all(entry.future.done() for entry in self.entries)

    @property
    def is_running(self) -> bool:
        """True if an entry waits for its result or is sent: later ones with its key have to wait."""
        return any(entry.is_sent or not entry.future.done() for entry in self.entries)

    @property
    def unknown(self) -> bool:
        """True if the outcome of an earlier attempt is unknown."""
        return self.entries[0].unknown

    @unknown.setter
    def unknown(self, value: bool) -> None:
        for entry in self.entries:
            entry.unknown = value

    def answer(self, result: Result | Exception) -> None:
        """Set the result of each entry."""
        for entry in self.entries:
            entry.answer(result)

    def without_done(self) -> "Unit[Item, Result] | None":
        """Return a new unit of the waiting entries, or None."""
        waiting = [entry for entry in self.entries if not entry.future.done()]
        return Unit(waiting) if waiting else None

    def halves(self) -> "list[Unit[Item, Result]]":
        """Return a new unit for each half of the waiting entries, in order."""
        waiting = [entry for entry in self.entries if not entry.future.done()]
        half = len(waiting) // 2
        return [Unit(part) for part in (waiting[:half], waiting[half:]) if part]
