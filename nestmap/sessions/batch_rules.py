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
        taken: dict[Hashable, list[Entry[Item, Any]]] = {}
        skipped: list[Entry[Item, Any]] = []
        # No item may overtake many others. Those of running keys, running or skipped, use up room, too: a
        # quarter for each key at most, so that a locked session with many waiting changes does not delay
        # the others, and never the last quarter.
        share = max(1, room // 4)
        left: dict[Hashable, int] = {}
        for unit in running:
            used = min(share, len(unit.entries))
            left[key(unit.item)] = share - used
            room = max(share, room - used)
        while queue and room:
            entry = queue.popleft()
            its_key = key(entry.item)
            if its_key in left:
                skipped.append(entry)
                if left[its_key] and room > share:
                    left[its_key] -= 1
                    room -= 1
                continue
            same = taken.setdefault(its_key, [])
            if same and not self.merges:
                skipped.append(entry)
            elif not entry.future.done():
                same.append(entry)
                room -= 1
        queue.extendleft(reversed(skipped))
        return [Unit(same) for same in taken.values() if same]
