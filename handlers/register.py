"""Register, as a page and by the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import client_of
from handlers.cookie_check import redirect_with_cookie
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import credentials, exact_field, field, local_path
from handlers.sign_in import remembered, sign_in
from handlers.users import user_json
from nestmap.accounts import EmailTaken, InvalidAccount, TooManyAttempts, User
from nestmap.accounts.addresses import checked_email
from nestmap.accounts.policy import checked_password

TAKEN = "There is an account with this address already."


class RegisterHandler(BaseHandler):
    """GET and POST /register."""

    access = Access.ANYONE

    def get(self) -> None:
        """Show the form; who is signed in goes on to where they were going."""
        path = local_path(self.get_query_argument("next", "/"))
        if self.current_user:
            self.redirect(path)
        else:
            self.show("", {}, path)

    async def post(self) -> None:
        """Make the account, sign in, and go on; or show the form again."""
        email, password = field(self, "email"), exact_field(self, "password")
        path = local_path(field(self, "next"))
        try:
            user = await self._account(email, password)
        except InvalidAccount as error:
            self.set_status(400)
            self.show(email, {error.field: str(error)} | _mistakes(email, password), path)
        except EmailTaken:
            self.set_status(409)
            self.show(email, {"email": TAKEN}, path)
        except TooManyAttempts as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.seconds))
            self.show(email, {"email": str(error)}, path)
        else:
            sign_in(self, user, remember=bool(field(self, "remember")))
            say(self, f"Your account is made, and you are signed in as {user.email}.")
            redirect_with_cookie(self, path)

    async def _account(self, email: str, password: str) -> User:
        """A new account; on a second click of the button, the one that the first click made."""
        accounts, client = self.services.accounts, client_of(self)
        try:
            return await accounts.register(email, password, client)
        except EmailTaken:
            user = await accounts.authenticate(email, password, client)
            if user is None:
                raise
            return user

    def show(self, email: str, errors: dict[str, str], path: str) -> None:
        """Answer with the form, with what was entered (never the password)."""
        form = {"email": email, "remember": field(self, "remember")}
        names = {"form": form, "errors": errors, "next": path, "remembered": remembered(self)}
        self.render("register.html", **names)


class ApiRegisterHandler(BaseHandler):
    """POST /api/auth/register."""

    access = Access.ANYONE

    async def post(self) -> None:
        """Make the account and sign in."""
        try:
            user = await self.services.accounts.register(*credentials(self), client_of(self))
        except InvalidAccount as error:
            raise SiteError(400, f"invalid_{error.field}", str(error)) from None
        except EmailTaken:
            raise SiteError(409, "email_taken", TAKEN) from None
        sign_in(self, user)
        self.set_status(201)
        self.finish_json({"user": user_json(user)})


def _mistakes(email: str, password: str) -> dict[str, str]:
    """Return all that is wrong with a new account, by field."""
    errors = {}
    for check, text in ((checked_email, email), (checked_password, password)):
        try:
            check(text)
        except InvalidAccount as error:
            errors[error.field] = str(error)
    return errors
