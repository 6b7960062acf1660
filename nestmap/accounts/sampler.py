"""A sample of frequent incidents: one a minute for each kind, and a bounded number of kinds."""

import time
from collections import OrderedDict

SECONDS = 60.0
KINDS = 1024
A_MINUTE = 60


class Sampler:
    """Selects incidents to record: one a minute for each name, and ``a_minute`` in all."""

    def __init__(self, a_minute: int = A_MINUTE) -> None:
        self._a_minute = a_minute
        self._taken: OrderedDict[str, float] = OrderedDict()
        self._window = 0.0
        self._in_window = 0

    def take(self, name: str) -> bool:
        """Return True if this one should be recorded."""
        now = time.monotonic()
        if now - self._window >= SECONDS:
            self._window, self._in_window = now, 0
        if self._in_window >= self._a_minute or now - self._taken.get(name, -SECONDS) < SECONDS:
            return False
        self._in_window += 1
        self._taken[name] = now
        self._taken.move_to_end(name)
        if len(self._taken) > KINDS:
            self._taken.popitem(last=False)
        return True


class Samplers:
    """One sampler for each kind of incident: what strangers cause can't displace the others."""

    def __init__(self) -> None:
        self.hosts = Sampler()
        self.origins = Sampler()
        self.cookies = Sampler()
        self.refusals = Sampler()
        # Only administrators cause these: there are as many as administrators times lists.
        self.reads = Sampler(KINDS)
