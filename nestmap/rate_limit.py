"""A rate limit in one process: how often something may happen for each name in a minute."""

import time
from collections import OrderedDict

NAMES = 4096


class RateLimit:
    """Lets ``most`` through in a minute for each name; a burst of that size at once.

    Up to 4,096 names are remembered. The one that was seen least recently is forgotten, which can
    only let more through.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, now: float | None = None) -> bool:
        """Count one, and return False if it is too many. ``now`` is in seconds on any clock."""
        now = time.monotonic() if now is None else now
        used, since = self._names.get(name, (0.0, now))
        used = max(0.0, used - (now - since) * self._most / 60)
        taken = used + 1 <= self._most
        self._names[name] = (used + 1 if taken else used, now)
        self._names.move_to_end(name)
        if len(self._names) > NAMES:
            self._names.popitem(last=False)
        return taken
