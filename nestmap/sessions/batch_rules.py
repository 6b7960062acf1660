"""The rules by which waiting items are put into batches.

A unit is one item, or several with the same key that are merged and sent as one.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nestmap.sessions.unit import Entry, Unit

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class BatchRules(Generic[Item]):
    """The rules of a Batcher.

    The units of a statement have different keys (``key``): with ``merges``, items with the same key
    share a unit, else they are sent in separate statements. Without a ``key``, as for loads, each item is
    a unit. With ``repeats``, a unit is sent again until its outcome is known.
    """

    key: Callable[[Item], Hashable] | None = None
    merges: bool = False
    repeats: bool = False

    def take(
        self,
        queue: deque[Entry[Item, Any]],
        room: int,
        running: Sequence[Unit[Item, Any]],
    ) -> list[Unit[Item, Any]]:
        """Remove up to ``room`` items from the queue and return their units.

        ``running`` are the units that are being sent.
        """
        if self.key is not None:
            return self._take_keyed(queue, room, self.key, running)
        return [Unit([queue.popleft()]) for _ in range(min(len(queue), room))]

    def _take_keyed(
        self,
        queue: deque[Entry[Item, Any]],
        room: int,
        key: Callable[[Item], Hashable],
        running: Sequence[Unit[Item, Any]],
    ) -> list[Unit[Item, Any]]:
        """Take items of different keys; with ``merges``, those of one key are one unit.

        An item is skipped and keeps its place in the queue if its key is running, or is in this batch
        and may not be merged. An item whose key is running would wait for the lock of its row anyway,
        and the two could be carried out in another order.
        """
        left = _Room(room)
        for unit in running:
            left.run(key(unit.item), len(unit.entries))
        taken: dict[Hashable, list[Entry[Item, Any]]] = {}
        skipped: list[Entry[Item, Any]] = []
        while queue and left.more:
            entry = queue.popleft()
            its_key = key(entry.item)
            if its_key in left.running:
                left.skip(its_key)
                skipped.append(entry)
                continue
            same = taken.setdefault(its_key, [])
            if same and not self.merges:
                skipped.append(entry)
            elif not entry.future.done():
                left.room -= 1
                same.append(entry)
        queue.extendleft(reversed(skipped))
        return [Unit(same) for same in taken.values() if same]


class _Room:
    """The number of items that a batch may still take.

    No item may overtake many others. So those of running keys, running or skipped, use up room, too, but
    not the last quarter; when only that is left, a batch may skip half as many as it could take at first.
    Those of one key count as a quarter at most: a few locked sessions with many waiting changes delay no
    others.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.running: dict[Hashable, int] = {}  # the items of each running key that count
        self._quarter = max(1, room // 4)
        self._skips = max(1, room // 2)

    @property
    def more(self) -> bool:
        """True if the batch may take or skip another item."""
        return self.room > 0 and self._skips > 0

    def run(self, key: Hashable, items: int) -> None:
        """Count items that are running."""
        self._use(key, items)

    def skip(self, key: Hashable) -> None:
        """Count an item of a running key that stays in the queue."""
        self._skips -= self._use(key, 1)

    def _use(self, key: Hashable, items: int) -> int:
        """Use up room; return the number of items for which there was none."""
        counted = self.running.get(key, 0)
        items = min(items, self._quarter - counted)
        self.running[key] = counted + items
        with_room = max(0, min(items, self.room - self._quarter))
        self.room -= with_room
        return items - with_room
