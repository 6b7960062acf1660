"""The signed-in user, as loaded with each session."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """An account that is not disabled. ``role`` is "user" or "admin".

    ``version`` is the version of the credentials; sessions of older versions are ended. With
    ``must_change``, the password was set by an operator and must be changed before anything else.
    """

    id: int
    email: str
    role: str
    version: int
    must_change: bool = False


def load_user(row: dict[str, Any]) -> User:
    """Make the user from a row that the session layer loaded."""
    return User(row["id"], row["email"], row["role"], row["version"], row["must_change"])
