"""Sign in, as a page and by the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import client_of
from handlers.cookie_check import redirect_with_cookie
from handlers.draft import draft_json, keep_draft
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import credentials, exact_field, field, local_path
from handlers.lapsed import said_of
from handlers.sign_in import remembered, sign_in
from handlers.users import user_json
from nestmap.accounts import TooManyAttempts

WRONG = "The address or the password is wrong."


class LoginHandler(BaseHandler):
    """GET and POST /login."""

    access = Access.ANYONE

    def get(self) -> None:
        """Show the form; who is signed in goes on to where they were going."""
        path = local_path(self.get_query_argument("next", "/"))
        if self.current_user:
            self.redirect(path)
        else:
            show_login(self, path)

    async def post(self) -> None:
        """Sign in and go on, or show the form again."""
        email, password = field(self, "email"), exact_field(self, "password")
        path, draft = local_path(field(self, "next")), field(self, "draft")
        try:
            user = await self.services.accounts.authenticate(email, password, client_of(self))
        except TooManyAttempts as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.seconds))
            show_login(self, path, draft=draft, email=email, error=str(error))
            return
        if user is None:
            self.set_status(401)
            show_login(self, path, draft=draft, email=email, error=WRONG)
            return
        sign_in(self, user, remember=bool(field(self, "remember")))
        keep_draft(self.session, draft)
        say(self, f"You are signed in as {user.email}.")
        redirect_with_cookie(self, path)


class ReturnHandler(BaseHandler):
    """POST /login/return?from=... from the page that says that the session has ended."""

    access = Access.ANYONE

    def get(self) -> None:
        """Show the form to sign in: this address is in the history."""
        self.redirect("/login")

    def post(self) -> None:
        """Show the form to sign in, which carries along what was typed."""
        path = local_path(self.get_query_argument("from", "/"))
        typed = path == "/places" or path.startswith("/places/")
        show_login(self, page_of(path), draft=draft_json(self, path) if typed else "")


class ApiLoginHandler(BaseHandler):
    """POST /api/auth/login."""

    access = Access.ANYONE

    async def post(self) -> None:
        """Sign in; a failed sign-in changes nothing."""
        user = await self.services.accounts.authenticate(*credentials(self), client_of(self))
        if user is None:
            raise SiteError(401, "invalid_credentials", WRONG)
        sign_in(self, user)
        self.finish_json({"user": user_json(user)})


def show_login(
    handler: BaseHandler, path: str, *, draft: str = "", email: str = "", error: str | None = None
) -> None:
    """Answer with the form, with what was entered (never the password)."""
    form = {"email": email, "remember": field(handler, "remember")}
    lapsed = handler.session.lapsed
    names = {"form": form, "error": error, "next": path, "draft": draft, "path": "/login"}
    names["ended"] = said_of(lapsed) if lapsed and lapsed.reason != "form" else ""
    handler.render("login.html", remembered=remembered(handler), **names)


def page_of(path: str) -> str:
    """Return the page on which a form stands that posts to `path`."""
    for page in ("/account", "/admin"):
        if path == page or path.startswith(f"{page}/"):
            return page
    is_edit = path.startswith("/places/") and not path.endswith("/delete")
    return path if is_edit else "/"
