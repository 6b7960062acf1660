"""The plain values around a session: who is signed in, what is stored, what differs."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in, as read with the session: ``role`` is "user" or "admin"."""

    id: int
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from, for the list that a user sees of their sessions."""

    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """A stored session as the store gave it. Times are seconds since the epoch, in UTC.

    ``owner_id`` is the user that the session belongs to; ``user`` is None also when that user's
    account is disabled.
    """

    sid: str
    data: dict[str, Any]
    created_at: float
    expires_at: float
    owner_id: int | None
    user: User | None
    due: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the record: JSON texts by key, and the keys that went."""

    changed: dict[str, bytes]
    removed: list[str]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


UNCHANGED = Changes({}, [])


def new_sid() -> str:
    """24 random bytes in base64url, 32 characters: the form that express-session made."""
    return secrets.token_urlsafe(24)


def public_id(sid: str) -> str:
    """The name of a session where one must be shown: 16 hex digits that lead nowhere."""
    return hashlib.sha256(sid.encode()).hexdigest()[:16]
