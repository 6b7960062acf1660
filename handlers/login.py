"""Sign in, as a page and by the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.forms import credentials, field, local_path
from handlers.users import user_json

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
            self.show("", None, path)

    async def post(self) -> None:
        """Sign in and go on, or show the form again."""
        email, password = field(self, "email"), self.get_body_argument("password", "", strip=False)
        path = local_path(field(self, "next"))
        user = await self.services.accounts.authenticate(email, password)
        if user is None:
            self.set_status(401)
            self.show(email, WRONG, path)
            return
        self.session.sign_in(user.id, user.version, user)
        self.redirect(path, status=303)

    def show(self, email: str, error: str | None, path: str) -> None:
        """The form, with what was entered (never the password)."""
        self.render("login.html", form={"email": email}, error=error, next=path)


class ApiLoginHandler(BaseHandler):
    """POST /api/auth/login."""

    access = Access.ANYONE

    async def post(self) -> None:
        """Sign in; a failed sign-in changes nothing."""
        user = await self.services.accounts.authenticate(*credentials(self))
        if user is None:
            raise SiteError(401, "invalid_credentials", WRONG)
        self.session.sign_in(user.id, user.version, user)
        self.finish_json({"user": user_json(user)})
