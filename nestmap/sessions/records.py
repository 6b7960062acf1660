"""Plain values: a stored session, its changes, and the reason why one is gone.

Values that each request makes are named tuples: a frozen dataclass takes three times as long to make.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Client:
    """The address and the browser of a request, for the list that users see of their sessions."""

    ip: str | None = None
    user_agent: str | None = None


class Record(NamedTuple):
    """A stored session as it was loaded. Times are seconds since the epoch, in UTC.

    ``id`` is the public id. ``user`` is the result of the site's ``load_user``, or the user id.
    ``is_due`` is True if this request should renew the session.
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

    def __repr__(self) -> str:
        """Return the public id only: sids and data must not get into a log."""
        return f"<Record {self.id}>"


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The session that the cookie names is gone, or the request may not use it.

    ``at`` is when it ended, in seconds since the epoch, or None. ``reason`` is None if it is not known;
    - recorded at the end: "signed out", "rotated", "replaced", "ended by its user", "ended by an
      administrator", "password change", "over the cap", "account deleted", "account disabled", or what
      the site passed to ``end()``; "expired" is found without a record;
    - the user can't be: "account" if user_query has no row, "version" if the credentials have changed;
    - the session is live: "two sessions" if cookies name two, "form" if the form belongs to another one;
    - "unreadable" if another program stored what is not JSON of a session. It is replaced by new data.
    """

    reason: str | None = None
    at: float | None = None
    # The public id, if there is still a row: of another program, or of a user who changed.
    id: str | None = None

    @property
    def needs_choice(self) -> bool:
        """True if the visitor must sign in or choose a new session before anything is stored.

        After an expiry, or if nothing is known, a new session may begin without asking.
        """
        return self.reason not in (None, "expired")


class Changes(NamedTuple):
    """The differences from the record: JSON texts by key, and the removed keys."""

    changed: dict[str, bytes]
    removed: list[str]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


UNCHANGED = Changes({}, [])
