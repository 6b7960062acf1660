"""A new password for a user who forgot theirs, made by an administrator."""

import secrets

from handlers.access import Access
from handlers.admin_users import NO_ACCOUNT
from handlers.base import BaseHandler
from handlers.client import source_of
from handlers.ending import end_invalid_sessions
from handlers.errors import SiteError

OWN = "Change your own password on the page of your account."


class NewPasswordHandler(BaseHandler):
    """POST /admin/users/{id}/password."""

    access = Access.ADMIN

    async def post(self, user_id: str) -> None:
        """Make a password, show it once, and end the sessions of the account.

        An administrator's own password is changed with the current one only.
        """
        await self.ensure_confirmed()
        if int(user_id) == self.signed_in_user.id:
            raise SiteError(409, "own_account", OWN)
        email, password = await set_new_password(self, int(user_id))
        self.render("new_password.html", email=email, password=password)


async def set_new_password(handler: BaseHandler, user_id: int) -> tuple[str, str]:
    """Set a random password that has to be changed; return address and password. SiteError 404."""
    source, password = source_of(handler), secrets.token_urlsafe(16)
    user = (await handler.services.accounts.users([str(user_id)])).get(str(user_id))
    if user is not None:
        administration = handler.services.administration
        user = await administration.set_password(user_id, user.email, password, source)
    if user is None:
        raise SiteError(404, "not_found", NO_ACCOUNT)
    await end_invalid_sessions(handler, user_id, "password change")
    return user.email, password
