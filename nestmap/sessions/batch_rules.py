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
            left.overtake(key(unit.item), len(unit.entries))
        taken: dict[Hashable, list[Entry[Item, Any]]] = {}
        skipped: list[Entry[Item, Any]] = []
        while queue and left.room:
            entry = queue.popleft()
            its_key = key(entry.item)
            if its_key in left.running:
                left.overtake(its_key)
                skipped.append(entry)
                continue
            same = taken.setdefault(its_key, [])
            if same and not self.merges:
                skipped.append(entry)
            elif not entry.future.done():
                same.append(entry)
                left.room -= 1
        queue.extendleft(reversed(skipped))
        return [Unit(same) for same in taken.values() if same]


class _Room:
    """The number of items that a batch may still take.

    No item may overtake many others. So those of running keys, running or skipped, use up room, too: a
    quarter for each key at most, so that a locked session with many waiting changes does not delay the
    others, and never the last quarter.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.running: dict[Hashable, int] = {}  # the room that each running key has used up
        self._quarter = max(1, room // 4)

    def overtake(self, key: Hashable, items: int = 1) -> None:
        """Use up room for items of a running key."""
        used = self.running.get(key, 0)
        more = max(0, min(items, self._quarter - used, self.room - self._quarter))
        self.running[key] = used + more
        self.room -= more
