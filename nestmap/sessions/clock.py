"""An estimate of the database's clock, and the names of changes, which contain its time.

A change has a deadline on the database's clock, which PostgreSQL checks after it has locked the row.
The deadline must not be later than the time at which the request gives up.
"""

import os
import time

RANDOM_BYTES = 10


class DatabaseClock:
    """Converts times of ``time.monotonic()`` to times of the database, never to a later one.

    The event loop's time is the same clock, with whole milliseconds in uvloop.

    The database read its clock between the sending of a statement and the arrival of its answer. So
    each answer gives a lower and an upper bound of the difference of the clocks. The highest lower
    bound is used until an answer contradicts it, because one of the clocks was set.
    """

    def __init__(self) -> None:
        self._difference: float | None = None
        self._doubted = False

    @property
    def is_known(self) -> bool:
        """True if an answer had the time and there is no doubt about it."""
        return self._difference is not None and not self._doubted

    def note(self, clock: float, asked: float, answered: float) -> None:
        """Use an answer with the time ``clock``; the other parameters are times of time.monotonic()."""
        least, most = clock - answered, clock - asked
        if self._difference is None or not least <= self._difference <= most:
            self._difference = least
        self._doubted = False

    def doubt(self) -> None:
        """Mark the estimate as doubtful, after a change was unexpectedly late."""
        self._doubted = True

    def at(self, moment: float) -> float:
        """Return the database's time at ``moment``, or slightly less."""
        assert self._difference is not None, "the time of the database is not known yet"
        return self._difference + moment

    def passed(self) -> str:
        """Return a name that is smaller than those of all changes with a future deadline."""
        return _name(self.at(time.monotonic()), bytes(RANDOM_BYTES))


def new_name(deadline: float) -> str:
    """Return a new name for a change: a UUID that begins with the deadline in milliseconds."""
    return _name(deadline, os.urandom(RANDOM_BYTES))


def _name(deadline: float, low: bytes) -> str:
    return f"{int(deadline * 1000):012x}{low.hex()}"
