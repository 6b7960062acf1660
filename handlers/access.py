"""Who may use a handler; each handler says so, and one that does not is for users."""

from enum import Enum, auto

from handlers.errors import SiteError
from nestmap.accounts import User


class Access(Enum):
    """ANYONE, also without a session; USER, who is signed in; ADMIN, who has the role."""

    ANYONE = auto()
    USER = auto()
    ADMIN = auto()


def check_access(access: Access, user: User | None) -> None:
    """SiteError 401 when someone has to sign in first, 403 when that would not help."""
    if access is Access.ANYONE:
        return
    if user is None:
        raise SiteError(401, "not_signed_in", "Sign in first.")
    if access is Access.ADMIN and user.role != "admin":
        raise SiteError(403, "forbidden", "This is for administrators only.")
