"""Who may use a handler. A handler that does not set `access` needs a signed-in user.

`BaseHandler.prepare()` checks it. docs/security.md has a table of who may do what;
`grep -rn "access =" handlers` lists the handlers that set it.
"""

from enum import Enum, auto
from urllib.parse import urlencode

from tornado.httputil import HTTPServerRequest

from handlers.errors import SiteError
from handlers.ways_back import page_of_form
from nestmap.accounts import User


class Access(Enum):
    """ANYONE, also without a session; USER, signed in; ADMIN, signed in with the role "admin"."""

    ANYONE = auto()
    USER = auto()
    ADMIN = auto()


# Paths that may be used before a password that an operator chose is changed.
BEFORE_CHANGE = (
    "/account/password",
    "/logout",
    "/api/auth/password",
    "/api/auth/logout",
    "/api/auth/session",
)

# An important action needs the password to have been given within this time (seconds).
CONFIRMED_SECONDS = 900


class ConfirmationRequired(SiteError):
    """The password must be given again first; pages redirect to /confirm."""

    def __init__(self) -> None:
        super().__init__(403, "confirmation_required", "Give your password again to do this.")


class PasswordChangeRequired(SiteError):
    """An operator chose the password, so it must be changed first; pages redirect to the form."""

    def __init__(self) -> None:
        super().__init__(403, "password_change_required", "Change your password first.")


def check_password_changed(user: User | None, path: str) -> None:
    """Raise PasswordChangeRequired if `user` must change the password before using `path`."""
    if user is not None and user.must_change and path not in BEFORE_CHANGE:
        raise PasswordChangeRequired


def check_access(access: Access, user: User | None) -> None:
    """Raise SiteError 401 if a sign-in is needed, 403 if the user lacks the role."""
    if access is Access.ANYONE:
        return
    if user is None:
        raise SiteError(401, "not_signed_in", "Sign in first.")
    if access is Access.ADMIN and user.role != "admin":
        raise SiteError(403, "forbidden", "This is for administrators only.")


def detour(request: HTTPServerRequest, error: BaseException | None) -> str | None:
    """Return the page that must be used before the page of this request, or None."""
    match error:
        case PasswordChangeRequired():
            return "/account/password"
        case ConfirmationRequired():
            asked = request.method in ("GET", "HEAD")
            next_page = request.uri if asked else page_of_form(request)
            return "/confirm?" + urlencode({"next": next_page})
    return None
