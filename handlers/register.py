"""Register, as a page and by the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.forms import credentials, field, local_path
from handlers.users import user_json
from nestmap.accounts import EmailTaken, InvalidAccount, User

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
        email, password = field(self, "email"), self.get_body_argument("password", "", strip=False)
        path = local_path(field(self, "next"))
        try:
            user = await self._account(email, password)
        except InvalidAccount as error:
            self.set_status(400)
            self.show(email, {error.field: str(error)}, path)
        except EmailTaken:
            self.set_status(409)
            self.show(email, {"email": TAKEN}, path)
        else:
            self.session.sign_in(user.id, user.version, user)
            self.redirect(path, status=303)

    async def _account(self, email: str, password: str) -> User:
        """A new account; on a second click of the button, the one that the first click made."""
        try:
            return await self.services.accounts.register(email, password)
        except EmailTaken:
            user = await self.services.accounts.authenticate(email, password)
            if user is None:
                raise
            return user

    def show(self, email: str, errors: dict[str, str], path: str) -> None:
        """The form, with what was entered (never the password)."""
        self.render("register.html", form={"email": email}, errors=errors, next=path)


class ApiRegisterHandler(BaseHandler):
    """POST /api/auth/register."""

    access = Access.ANYONE

    async def post(self) -> None:
        """Make the account and sign in."""
        try:
            user = await self.services.accounts.register(*credentials(self))
        except InvalidAccount as error:
            raise SiteError(400, f"invalid_{error.field}", str(error)) from None
        except EmailTaken:
            raise SiteError(409, "email_taken", TAKEN) from None
        self.session.sign_in(user.id, user.version, user)
        self.set_status(201)
        self.finish_json({"user": user_json(user)})
