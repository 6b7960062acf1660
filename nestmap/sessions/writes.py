"""The four statements that write one session, as values, and what a write left behind."""

from dataclasses import dataclass

from nestmap.sessions.records import Client


class SessionEnded(Exception):
    """The session was ended while this request was under way; what it wrote was not stored."""


@dataclass(frozen=True, slots=True, repr=False)
class Insert:
    """Store a session whose sid was made in this request; ``data`` is JSON text by key."""

    sid: str
    data: dict[str, bytes]
    user_id: int | None
    client: Client


@dataclass(frozen=True, slots=True, repr=False)
class Update:
    """Merge changes into a stored session, under ``new_sid`` from then on.

    ``instead``, of the same new sid, is stored when the session is gone.
    """

    sid: str
    new_sid: str
    changed: dict[str, bytes]
    removed: list[str]
    cleared: bool
    reowned: bool
    user_id: int | None
    client: Client
    instead: Insert | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Touch:
    """Renew the expiry and nothing else."""

    sid: str


@dataclass(frozen=True, slots=True, repr=False)
class Delete:
    """Remove the session."""

    sid: str


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """The row that a statement wrote; times are seconds since the epoch, ``lasts`` is from now."""

    sid: str
    created_at: float
    expires_at: float
    lasts: float
