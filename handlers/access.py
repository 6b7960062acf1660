"""Who may use a handler; each handler says so, and one that does not is for users."""

from enum import Enum, auto

from handlers.errors import SiteError
from nestmap.accounts import User


class Access(Enum):
    """ANYONE, also without a session; USER, who is signed in; ADMIN, who has the role."""

    ANYONE = auto()
    USER = auto()
    ADMIN = auto()


# What can be done before a password that somebody else chose is changed.
BEFORE_CHANGE = (
    "/account/password",
    "/logout",
    "/api/auth/password",
    "/api/auth/logout",
    "/api/auth/session",
)

# An act that matters needs the password to have been given within this time (seconds).
CONFIRMED_SECONDS = 900


class ConfirmationRequired(SiteError):
    """The password has to be given again before this; pages send to /confirm."""

    def __init__(self) -> None:
        super().__init__(403, "confirmation_required", "Give your password again to do this.")


class PasswordChangeRequired(SiteError):
    """The password was chosen by somebody else; pages send to where it is changed."""

    def __init__(self) -> None:
        super().__init__(403, "password_change_required", "Change your password first.")


def check_password_changed(user: User | None, path: str) -> None:
    """PasswordChangeRequired for someone who has to change the password, but for doing that."""
    if user is not None and user.must_change and path not in BEFORE_CHANGE:
        raise PasswordChangeRequired


def check_access(access: Access, user: User | None) -> None:
    """SiteError 401 when someone has to sign in first, 403 when that would not help."""
    if access is Access.ANYONE:
        return
    if user is None:
        raise SiteError(401, "not_signed_in", "Sign in first.")
    if access is Access.ADMIN and user.role != "admin":
        raise SiteError(403, "forbidden", "This is for administrators only.")
