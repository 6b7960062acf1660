"""The base of the two forms that sign someone in: /login and /register."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.cookie_check import redirect_with_cookie
from handlers.draft import keep_draft
from handlers.flash import say
from handlers.forms import exact_field, field, local_path
from handlers.sign_in import sign_in
from nestmap.accounts import TooManyAttempts, User


class FormRefused(Exception):
    """Nobody is signed in; `errors` says why by field, "form" for the form as a whole."""

    def __init__(self, status: int, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.status = status
        self.errors = errors


class EntryHandler(BaseHandler):
    """Shows a form; a post signs in and leads to where the visitor was going (`next`)."""

    access = Access.ANYONE
    greeting = ""

    async def user_of(self, email: str, password: str) -> User:
        """Return the user to sign in. Raises FormRefused or TooManyAttempts."""
        raise NotImplementedError

    def show(self, path: str, *, email: str = "", errors: dict[str, str] | None = None) -> None:
        """Answer with the form, with what was entered (never the password)."""
        raise NotImplementedError

    def get(self) -> None:
        """Show the form, or go on to `next` if someone is signed in."""
        path = local_path(self.get_query_argument("next", "/"))
        if self.current_user:
            self.redirect(path)
        else:
            self.show(path)

    async def post(self) -> None:
        """Sign in and go on to `next`, or show the form again."""
        email, password = field(self, "email"), exact_field(self, "password")
        path = local_path(field(self, "next"))
        try:
            user = await self.user_of(email, password)
        except TooManyAttempts as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.seconds))
            self.show(path, email=email, errors={"form": str(error)})
        except FormRefused as refused:
            self.set_status(refused.status)
            self.show(path, email=email, errors=refused.errors)
        else:
            sign_in(self, user, remember=bool(field(self, "remember")))
            keep_draft(self.session, field(self, "draft"))
            say(self, self.greeting.format(email=user.email))
            redirect_with_cookie(self, path)
