"""The writes of one session as values, and the row after a write.

The names of the fields are those in SQL: a write is sent as a JSON object. What most writes make is
a named tuple: a frozen dataclass takes three times as long to make.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

from nestmap.sessions.records import Client, Record


class SessionEnded(Exception):
    """The session was ended, so the changes of this request were not stored."""


@dataclass(frozen=True, slots=True, repr=False)
class Owner:
    """The user of a sign-in, with the lifetimes of the session (None: those of the site)."""

    user_id: str
    user_version: str | None = None
    idle: int | None = None
    absolute: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Insert:
    """Store a session with a new sid; ``data`` is JSON text by key.

    ``named`` are the ids of the sessions of the request's cookies, which are ended for this ``reason``.
    """

    sid: str
    id: str
    data: dict[str, bytes]
    client: Client
    owner: Owner | None = None
    named: list[str] = field(default_factory=list)
    reason: str = "replaced"


class Update(NamedTuple):
    """Merge changes into a stored session, or with ``replaces`` replace all its data.

    With ``renews=False`` no cookie can be sent, so a renewal is left to the next request.
    """

    sid: str
    changed: dict[str, bytes]
    removed: list[str]
    replaces: bool
    client: Client
    renews: bool = True

    def __repr__(self) -> str:
        """Return no values: sid and data must not get into a log."""
        return "<Update>"

    def followed_by(self, later: "Update") -> "Update":
        """Return one change with the effect of this one and then ``later``, of the same session."""
        renews = self.renews or later.renews
        if later.replaces:
            return later._replace(renews=renews)
        gone = set(later.removed)
        changed = {key: text for key, text in self.changed.items() if key not in gone}
        removed = [key for key in self.removed if key not in later.changed and key not in gone]
        return later._replace(
            changed=changed | later.changed,
            removed=removed + later.removed,
            replaces=self.replaces,
            renews=renews,
        )


def merged(changes: Sequence[Update]) -> Update:
    """Return one change with the effect of all of them in order."""
    return changes[0] if len(changes) == 1 else reduce(Update.followed_by, changes)


@dataclass(frozen=True, slots=True, repr=False)
class Rotate:
    """Merge changes into a stored session and change its sid to ``new_sid``.

    ``new_id`` is the public id of the copy under the new sid. With an ``owner`` it is a sign-in: if the
    session is gone, a new one is stored. With ``confirms`` the password was given again. With ``takes``
    the site's function of a sign-in is called.
    """

    sid: str
    new_sid: str
    new_id: str
    changed: dict[str, bytes]
    removed: list[str]
    replaces: bool
    client: Client
    owner: Owner | None = None
    confirms: bool = False
    takes: bool = False
    named: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class Touch:
    """Renew the expiry of a session."""

    sid: str


@dataclass(frozen=True, slots=True, repr=False)
class End:
    """Delete sessions by their public ids, with a reason that is kept for a day."""

    ids: tuple[str, ...]
    reason: str
    client: Client


Write = Insert | Update | Rotate | Touch | End


class Written(NamedTuple):
    """The row that a statement wrote; times are seconds since the epoch.

    ``max_age`` is the remaining lifetime of the session in seconds, or None if it was not renewed and
    needs no cookie. ``taken`` are the keys that the site's function of a sign-in took.
    """

    sid: str
    id: str
    created_at: float
    authenticated_at: float | None
    expires_at: float
    absolute_expires_at: float
    max_age: float | None
    taken: Sequence[str] = ()

    def __repr__(self) -> str:
        """Return the public id only: the sid must not get into a log."""
        return f"<Written {self.id}>"

    def record(self, user_id: str | None, user: Any) -> Record:
        """Return the record of a session that continues with this row."""
        return Record(
            sid=self.sid,
            id=self.id,
            data={},
            created_at=self.created_at,
            authenticated_at=self.authenticated_at,
            expires_at=self.expires_at,
            absolute_expires_at=self.absolute_expires_at,
            user_id=user_id,
            user=user,
        )
