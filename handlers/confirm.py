"""Ask for the password again before an important action: the page and the API."""

from handlers.base import BaseHandler
from handlers.client import know_device, sign_in_client
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import exact_field, field, json_object, text_member
from handlers.refused_forms import refuse_form
from handlers.ways_back import local_path
from nestmap.accounts import TooManyAttempts, WrongPassword

WRONG = "This is not your password."
GIVEN = "Thank you. Nothing was changed yet: please do it again now."


class ConfirmHandler(BaseHandler):
    """GET and POST /confirm?next=..."""

    def get(self) -> None:
        """Show the form."""
        self.show(None, local_path(self.get_query_argument("next", "/account")))

    async def post(self) -> None:
        """Record that the password was given and redirect, or show the form again."""
        path = local_path(field(self, "next"))
        try:
            await confirm(self, exact_field(self, "password"))
        except WrongPassword as error:
            self.show(refuse_form(self, error, WRONG), path)
        except TooManyAttempts as error:
            self.show(refuse_form(self, error), path)
        else:
            say(self, GIVEN)
            self.redirect(path, status=303)

    def show(self, error: str | None, path: str) -> None:
        """Answer with the form and the error."""
        self.render("confirm.html", error=error, next=path)


class ApiConfirmHandler(BaseHandler):
    """POST /api/auth/confirm."""

    async def post(self) -> None:
        """Record that the password was given: 204."""
        try:
            await confirm(self, text_member(json_object(self), "password"))
        except WrongPassword:
            raise SiteError(401, "invalid_credentials", WRONG) from None
        self.set_status(204)


async def confirm(handler: BaseHandler, password: str) -> None:
    """Check the password of the signed-in user and set the time of the sign-in to now."""
    user = handler.signed_in_user
    await handler.services.accounts.confirm(user, password, sign_in_client(handler))
    handler.session.confirm()
    know_device(handler, user)
