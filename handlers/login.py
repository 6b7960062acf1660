"""Sign in: the page and the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import sign_in_client
from handlers.draft import draft_json
from handlers.entry import EntryHandler, FormRefused
from handlers.errors import SiteError
from handlers.forms import credentials, field
from handlers.lapsed import said_of
from handlers.sign_in import remembered, sign_in
from handlers.users import user_json
from handlers.ways_back import local_path
from nestmap.accounts import User

WRONG = "The address or the password is wrong."


class LoginHandler(EntryHandler):
    """GET and POST /login."""

    greeting = "You are signed in as {email}."

    async def user_of(self, email: str, password: str) -> User:
        """Return the user with this address and password."""
        user = await self.services.accounts.authenticate(email, password, sign_in_client(self))
        if user is None:
            raise FormRefused(401, {"form": WRONG})
        return user

    def show(self, path: str, *, email: str = "", errors: dict[str, str] | None = None) -> None:
        """Answer with the form."""
        show_login(self, path, draft=field(self, "draft"), email=email, errors=errors)


class ReturnHandler(BaseHandler):
    """POST /login/return?from=...&page=..., sent by the page about an ended session.

    `from` is the path to which the form was posted, `page` where it is shown.
    """

    access = Access.ANYONE
    accepts_ended = True

    def get(self) -> None:
        """Show the sign-in form, since this address is in the browser's history."""
        self.redirect("/login")

    def post(self) -> None:
        """Show the sign-in form, which keeps the typed fields as hidden fields."""
        path = local_path(self.get_query_argument("from", "/"))
        typed = path == "/places" or path.startswith("/places/")
        page = local_path(self.get_query_argument("page", "/"))
        show_login(self, page, draft=draft_json(self, path) if typed else "")


class ApiLoginHandler(BaseHandler):
    """POST /api/auth/login."""

    access = Access.ANYONE
    accepts_ended = True

    async def post(self) -> None:
        """Sign in; a failed sign-in changes nothing."""
        user = await self.services.accounts.authenticate(*credentials(self), sign_in_client(self))
        if user is None:
            raise SiteError(401, "invalid_credentials", WRONG)
        sign_in(self, user)
        self.finish_json({"user": user_json(user)})


def show_login(
    handler: BaseHandler,
    path: str,
    *,
    draft: str = "",
    email: str = "",
    errors: dict[str, str] | None = None,
) -> None:
    """Answer with the form and what was typed, except the password."""
    form = {"email": email, "remember": field(handler, "remember")}
    lapsed = handler.session.lapsed
    names = {"form": form, "errors": errors or {}, "next": path, "draft": draft, "path": "/login"}
    names["ended"] = said_of(lapsed) if lapsed and lapsed.reason != "form" else ""
    handler.render("login.html", remembered=remembered(handler), **names)
