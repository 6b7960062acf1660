"""Who is signed in, as read with each session."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """An account that is not disabled. ``role`` is "user" or "admin".

    ``version`` is that of the credentials: a session of an older one is over. ``must_change``: the
    password was chosen by somebody else, and nothing else can be done before it is changed.
    """

    id: int
    email: str
    role: str
    version: int
    must_change: bool = False


def load_user(row: dict[str, Any]) -> User:
    """Make the user of a row that the session layer read."""
    return User(row["id"], row["email"], row["role"], row["version"], row["must_change"])
