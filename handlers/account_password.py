"""Change the password, which ends all other sessions of the account: the page and the API."""

from handlers.base import BaseHandler
from handlers.client import sign_in_client
from handlers.ending import end_invalid_sessions
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import exact_field, json_object, text_member
from handlers.own_sessions import own_sessions
from handlers.refused_forms import refuse_form
from handlers.sign_in import sign_in
from nestmap.accounts import InvalidAccount, TooManyAttempts, WrongPassword

WRONG = "This is not your current password."


class PasswordHandler(BaseHandler):
    """GET and POST /account/password."""

    def get(self) -> None:
        """Show the form."""
        self.show({})

    async def post(self) -> None:
        """Change the password, or show the form again with the errors."""
        current, new = exact_field(self, "current_password"), exact_field(self, "new_password")
        try:
            await change_password(self, current, new)
        except WrongPassword as error:
            self.show({"current_password": refuse_form(self, error, WRONG)})
        except InvalidAccount as error:
            self.show({"new_password": refuse_form(self, error)})
        except TooManyAttempts as error:
            self.show({"current_password": refuse_form(self, error)})
        else:
            say(self, "Your password is changed. Every other session of yours has ended.")
            self.redirect("/account", status=303)

    def show(self, errors: dict[str, str]) -> None:
        """Answer with the form and the errors; the typed passwords are not shown."""
        self.render("password.html", errors=errors)


class ApiPasswordHandler(BaseHandler):
    """POST /api/auth/password."""

    async def post(self) -> None:
        """Change the password: 204."""
        fields = json_object(self)
        current, new = (text_member(fields, name) for name in ("current_password", "new_password"))
        try:
            await change_password(self, current, new)
        except WrongPassword:
            raise SiteError(401, "invalid_credentials", WRONG) from None
        except InvalidAccount as error:
            raise SiteError(400, "invalid_password", str(error)) from None
        self.set_status(204)


async def change_password(handler: BaseHandler, current: str, new: str) -> None:
    """Change the password of the signed-in user and end the other sessions.

    Raises WrongPassword or InvalidAccount. The new version of the account makes its sessions
    invalid at once; this one continues with a new sid and its lifetimes.
    """
    user = handler.signed_in_user
    remember = any(one.current and one.remembered for one in await own_sessions(handler))
    changed = await handler.services.accounts.change_password(
        user, current, new, sign_in_client(handler)
    )
    await end_invalid_sessions(handler, user.id, "password change", keep=handler.session.id)
    sign_in(handler, changed, remember=remember)
