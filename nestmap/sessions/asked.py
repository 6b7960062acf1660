"""What a request asks of its session besides its data, and what of it is being committed."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from nestmap.sessions.records import Record
from nestmap.sessions.tracked import TrackedData
from nestmap.sessions.writes import Owner


@dataclass(slots=True, repr=False)
class Asked:
    """What was asked since the last commit."""

    rotates: bool = False  # gets a new sid
    owner: Owner | None = None  # who signed in
    confirmed: bool = False
    end_reason: str | None = None

    def followed_by(self, later: "Asked") -> "Asked":
        """Return this and then ``later``, which does not end the session."""
        return Asked(
            self.rotates or later.rotates,
            later.owner or self.owner,
            self.confirmed or later.confirmed,
            self.end_reason,
        )


class Sent(NamedTuple):
    """The state of a session when a commit was sent, and the tracked data of the time after that."""

    asked: Asked
    data: TrackedData
    later: TrackedData
    stored: Record | None
    user_id: str | None
    user: Any

    def __repr__(self) -> str:
        """Return no values: they must not get into a log."""
        return "<Sent>"
