"""The plain values around a session: what is stored, what differs, why one is gone."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    """The address and the browser of a request, for the list that users see of their sessions."""

    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """A stored session as the store returned it. Times are seconds since the epoch, in UTC.

    ``id`` is the public id. ``user`` is what the site's ``load_user`` made of the user's row, or the
    user id. ``is_due`` says that the session should be renewed by this request.
    """

    sid: str
    id: str
    data: dict[str, Any]
    created_at: float
    authenticated_at: float | None
    expires_at: float
    absolute_expires_at: float
    user_id: str | None = None
    user: Any = None
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The session that the cookie names is gone.

    ``reason`` is one of "expired", "signed out", "rotated", "replaced", "ended by its user", "ended by
    an administrator", "password change", "over the cap", "account deleted", "account disabled",
    "account", "version", "two sessions", "form", "unreadable", or None if it is not known. ``at`` is when it
    ended, in seconds since the epoch, or None.
    """

    reason: str | None = None
    at: float | None = None
    # The public id, if there is a row that can't be read: another program wrote it.
    id: str | None = None

    @property
    def is_recorded(self) -> bool:
        """Return True if someone or something ended the session: it did not merely expire."""
        return self.reason not in (None, "expired")


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the record: JSON texts by key, and the keys that were removed."""

    changed: dict[str, bytes]
    removed: list[str]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


UNCHANGED = Changes({}, [])
