"""The database's clock, as far as it is known here, and names of changes made from it.

A change has a deadline on the database's clock, which PostgreSQL looks at when it has locked the row.
So the deadline must not be later there than the moment at which the request gives up here.
"""

import os
import time

RANDOM_BYTES = 10


class DatabaseClock:
    """Turns times of ``time.monotonic()`` into times of the database, never too late.

    The database looked at its clock after it was asked and before its answer was here. So each answer
    bounds the difference of the two clocks on both sides, and the lower bound is used. The highest
    one is the best, until an answer contradicts it: then one of the clocks was set.
    """

    def __init__(self) -> None:
        self._difference: float | None = None
        self._doubted = False

    @property
    def is_known(self) -> bool:
        """True if there was an answer with the time, and no reason to ask again."""
        return self._difference is not None and not self._doubted

    def note(self, clock: float, asked: float, answered: float) -> None:
        """Learn from an answer that gave the time ``clock``; the others are of time.monotonic()."""
        least, most = clock - answered, clock - asked
        if self._difference is None or not least <= self._difference <= most:
            self._difference = least
        self._doubted = False

    def doubt(self) -> None:
        """Note that a change was late that should have been in time."""
        self._doubted = True

    def at(self, moment: float) -> float:
        """Return what the database's clock shows at ``moment``, or a little less."""
        assert self._difference is not None, "the database was not asked for the time yet"
        return self._difference + moment

    def passed(self) -> str:
        """Return a name that is smaller than those of changes whose deadline is still to come."""
        return _name(self.at(time.monotonic()), bytes(RANDOM_BYTES))


def new_name(deadline: float) -> str:
    """Return a new name for a change: a UUID that begins with the deadline in milliseconds."""
    return _name(deadline, os.urandom(RANDOM_BYTES))


def _name(deadline: float, low: bytes) -> str:
    return f"{int(deadline * 1000):012x}{low.hex()}"
