"""Remembers if the database can be reached, and logs when that changes."""

import logging
import time

from nestmap.database.errors import DatabaseError
from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap.database")


class Availability:
    """The state of the database, shared by all pools with the same hosts.

    While the database is unreachable, one attempt to connect is made at a time, with growing pauses;
    callers in between get the last error. An attempt without an answer delays the next one only
    briefly: its packets may be lost.
    """

    def __init__(self) -> None:
        self._away_since: float | None = None
        self._failures = 0
        self._cause: DatabaseError | None = None
        self._told: set[str] = set()
        self._attempts = 0
        self._last_began = 0.0
        self._next_attempt = 0.0
        self._pause = 0.0

    @property
    def is_away(self) -> bool:
        """True from the first failed attempt until one succeeds."""
        return self._away_since is not None

    @property
    def away(self) -> DatabaseError | None:
        """The error of the last attempt if no other should be made now, else None."""
        if self._cause is None or self._may_attempt():
            return None
        return type(self._cause)(*self._cause.args)

    def attempt_begins(self) -> None:
        """Count an attempt to connect; call `succeeded()` or `failed()`, then `attempt_ends()`."""
        self._attempts += 1
        self._last_began = time.monotonic()

    def attempt_ends(self) -> None:
        self._attempts -= 1

    def succeeded(self) -> None:
        """Record that a connection was made."""
        if self._away_since is not None:
            seconds = time.monotonic() - self._away_since
            log.warning(
                "connected to the database again after %.1f s, %d attempts had failed",
                seconds,
                self._failures,
            )
        self._away_since, self._cause, self._failures, self._pause = None, None, 0, 0.0
        self._told.clear()

    def failed(self, cause: DatabaseError) -> None:
        """Record that no connection could be made to any address."""
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        if str(cause) not in self._told:
            self._told.add(str(cause))
            log.warning("can't connect to the database: %s", cause)
        self._cause = cause
        self._failures += 1
        if now >= self._next_attempt:
            self._pause = min(max(2 * self._pause, TIMEOUTS.first_retry), TIMEOUTS.last_retry)
            self._next_attempt = now + self._pause

    def _may_attempt(self) -> bool:
        now = time.monotonic()
        if self._attempts:
            return now - self._last_began >= TIMEOUTS.silent_retry
        return now >= self._next_attempt
