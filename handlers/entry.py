"""The base class of the two forms that sign in: /login and /register."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.cookie_check import redirect_with_cookie
from handlers.draft import keep_draft
from handlers.flash import say
from handlers.forms import exact_field, field
from handlers.refused_forms import refuse_form
from handlers.sign_in import sign_in
from handlers.ways_back import local_path
from nestmap.accounts import TooManyAttempts, User


class FormRefused(Exception):
    """The sign-in failed; `errors` has the reasons by field, "form" for the whole form."""

    def __init__(self, status: int, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.status = status
        self.errors = errors


class EntryHandler(BaseHandler):
    """Shows a form; a valid post signs in and redirects to `next`."""

    access = Access.ANYONE
    accepts_ended = True
    greeting = ""

    async def user_of(self, email: str, password: str) -> User:
        """Return the user to sign in. Raises FormRefused or TooManyAttempts."""
        raise NotImplementedError

    def show(self, path: str, *, email: str = "", errors: dict[str, str] | None = None) -> None:
        """Answer with the form and what was typed, except the password."""
        raise NotImplementedError

    def get(self) -> None:
        """Show the form, or redirect to `next` if the user is signed in."""
        path = local_path(self.get_query_argument("next", "/"))
        if self.current_user:
            self.redirect(path)
        else:
            self.show(path)

    async def post(self) -> None:
        """Sign in and redirect to `next`, or show the form again."""
        email, password = field(self, "email"), exact_field(self, "password")
        path = local_path(field(self, "next"))
        if field(self, "other_form"):
            # The button of the other form of the two: a link would lose what was typed for a place.
            self.show(path, email=email)
            return
        try:
            user = await self.user_of(email, password)
        except TooManyAttempts as error:
            self.show(path, email=email, errors={"form": refuse_form(self, error)})
        except FormRefused as refused:
            self.set_status(refused.status)
            self.show(path, email=email, errors=refused.errors)
        else:
            sign_in(self, user, remember=bool(field(self, "remember")))
            await self._keep_draft(field(self, "draft"))
            say(self, self.greeting.format(email=user.email))
            redirect_with_cookie(self, path)

    async def _keep_draft(self, text: str) -> None:
        """Store the draft if it fits: the sign-in is worth more."""
        if not keep_draft(self.session, text):
            # The places of the visitor move to the account now, which makes room.
            await self.save_session()
            keep_draft(self.session, text)
