"""Delete the account with its places and sessions: the page and the API."""

from handlers.base import BaseHandler
from handlers.client import sign_in_client
from handlers.ending import end_invalid_sessions
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import exact_field, json_object, text_member
from handlers.places_of import every_place
from handlers.refused_forms import refuse_form
from nestmap.accounts import LastAdministrator, TooManyAttempts, WrongPassword

WRONG = "This is not your password."
LAST = "You are the last administrator. Make someone else one first."


class DeleteHandler(BaseHandler):
    """GET and POST /account/delete."""

    async def get(self) -> None:
        """Show what will be deleted, and ask for the password."""
        await self.show(None)

    async def post(self) -> None:
        """Delete the account, or show the form again with the error."""
        try:
            await delete_account(self, exact_field(self, "password"))
        except WrongPassword as error:
            await self.show(refuse_form(self, error, WRONG))
        except LastAdministrator as error:
            await self.show(refuse_form(self, error, LAST))
        except TooManyAttempts as error:
            await self.show(refuse_form(self, error))
        else:
            say(self, "Your account is deleted, with your places and sessions.")
            self.redirect("/", status=303)

    async def show(self, error: str | None) -> None:
        """Answer with the form and the error."""
        places = len(await every_place(self))
        self.render("delete.html", error=error, places=places)


class ApiAccountHandler(BaseHandler):
    """DELETE /api/account."""

    async def delete(self) -> None:
        """Delete the account: 204."""
        password = text_member(json_object(self), "password")
        try:
            await delete_account(self, password)
        except WrongPassword:
            raise SiteError(401, "invalid_credentials", WRONG) from None
        except LastAdministrator:
            raise SiteError(409, "last_administrator", LAST) from None
        self.set_status(204)


async def delete_account(handler: BaseHandler, password: str) -> None:
    """Delete the account of the signed-in user and sign out; WrongPassword or LastAdministrator."""
    user = handler.signed_in_user
    await handler.services.accounts.delete(user, password, sign_in_client(handler))
    await end_invalid_sessions(handler, user.id, "account deleted", keep=handler.session.id)
    handler.session.end("account deleted")
