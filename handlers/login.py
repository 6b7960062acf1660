"""Sign in, as a page and by the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import client_of
from handlers.errors import SiteError
from handlers.forms import credentials, exact_field, field, local_path
from handlers.sign_in import sign_in
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
            self.show("", None, path)

    async def post(self) -> None:
        """Sign in and go on, or show the form again."""
        email, password = field(self, "email"), exact_field(self, "password")
        path = local_path(field(self, "next"))
        try:
            user = await self.services.accounts.authenticate(email, password, client_of(self))
        except TooManyAttempts as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.seconds))
            self.show(email, str(error), path)
            return
        if user is None:
            self.set_status(401)
            self.show(email, WRONG, path)
            return
        sign_in(self, user)
        self.redirect(path, status=303)

    def show(self, email: str, error: str | None, path: str) -> None:
        """The form, with what was entered (never the password)."""
        self.render("login.html", form={"email": email}, error=error, next=path)


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
