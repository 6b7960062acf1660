"""Register: the page and the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import sign_in_client
from handlers.entry import EntryHandler, FormRefused
from handlers.errors import SiteError
from handlers.forms import credentials, field
from handlers.sign_in import remembered, sign_in
from handlers.users import user_json
from nestmap.accounts import EmailTaken, InvalidAccount, User
from nestmap.accounts.addresses import checked_email
from nestmap.accounts.policy import checked_password


class RegisterHandler(EntryHandler):
    """GET and POST /register."""

    greeting = "Your account is made, and you are signed in as {email}."

    async def user_of(self, email: str, password: str) -> User:
        """Make the account."""
        try:
            return await self._account(email, password)
        except InvalidAccount as error:
            errors = {error.field: str(error)} | _mistakes(email, password)
            raise FormRefused(400, errors) from None
        except EmailTaken as error:
            raise FormRefused(409, {"email": str(error)}) from None

    async def _account(self, email: str, password: str) -> User:
        """Make an account.

        After a second click on the button, return the account of the first one.
        """
        accounts, client = self.services.accounts, sign_in_client(self)
        try:
            return await accounts.register(email, password, client)
        except EmailTaken:
            user = await accounts.authenticate(email, password, client)
            if user is None:
                raise
            return user

    def show(self, path: str, *, email: str = "", errors: dict[str, str] | None = None) -> None:
        """Answer with the form."""
        form = {"email": email, "remember": field(self, "remember")}
        names = {"form": form, "errors": errors or {}, "next": path, "draft": field(self, "draft")}
        self.render("register.html", remembered=remembered(self), **names)


class ApiRegisterHandler(BaseHandler):
    """POST /api/auth/register."""

    access = Access.ANYONE
    accepts_ended = True

    async def post(self) -> None:
        """Make the account and sign in."""
        try:
            user = await self.services.accounts.register(*credentials(self), sign_in_client(self))
        except InvalidAccount as error:
            raise SiteError(400, f"invalid_{error.field}", str(error)) from None
        except EmailTaken as error:
            raise SiteError(409, "email_taken", str(error)) from None
        sign_in(self, user)
        self.set_status(201)
        self.finish_json({"user": user_json(user)})


def _mistakes(email: str, password: str) -> dict[str, str]:
    """Return all errors of a new account, by field."""
    errors = {}
    for check, text in ((checked_email, email), (checked_password, password)):
        try:
            check(text)
        except InvalidAccount as error:
            errors[error.field] = str(error)
    return errors
