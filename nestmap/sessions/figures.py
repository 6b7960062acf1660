"""The figures of the session table."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


class NotSampled(Exception):
    """The table is too large to count during a request, and there is no sample yet."""

    def __init__(self) -> None:
        super().__init__("The sessions are being counted for the first time.")


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of sessions: ``total`` rows, ``active`` live ones, ``authenticated`` live ones with a user.

    ``users`` is the number of users with a live session, ``table_bytes`` the size of the table with its
    indexes, ``at`` the time in seconds since the epoch. ``exact`` is False for a sample.
    """

    total: int
    active: int
    authenticated: int
    users: int
    table_bytes: int
    at: float
    exact: bool = True

    @property
    def expired(self) -> int:
        """The number of expired rows that are not pruned yet."""
        return self.total - self.active

    @property
    def anonymous(self) -> int:
        """The number of live sessions without a user."""
        return self.active - self.authenticated

    def json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {
            "total": self.total,
            "active": self.active,
            "expired": self.expired,
            "authenticated": self.authenticated,
            "anonymous": self.anonymous,
            "users": self.users,
            "table_bytes": self.table_bytes,
            "generated_at": iso(self.at),
        }


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The figures of one step of the history, which begins at ``at`` (seconds since the epoch).

    ``total``, ``active``, ``authenticated`` and ``users`` are averages, as in Figures; the others
    are numbers of the whole step: sessions that were ``created``, ``signed_in``, ``ended``, that
    ``expired``, and events by their kind.
    """

    at: float
    total: int
    active: int
    authenticated: int
    users: int
    created: int
    signed_in: int
    ended: int
    expired: int
    table_bytes: int
    events: dict[str, int]


def iso(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds, and with a Z."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
