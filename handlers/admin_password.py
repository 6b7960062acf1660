"""A new password for someone who forgot theirs, and the end of all sessions at once, on /admin."""

import secrets

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import source_of
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
        self.render("new_password.html", path="/admin", email=email, password=password)


class EndAllHandler(BaseHandler):
    """POST /admin/end-all-sessions."""

    access = Access.ADMIN

    async def post(self) -> None:
        """End every session of everybody, this one too: after a backup was restored, or a leak."""
        await self.ensure_confirmed()
        source = source_of(self)
        await self.services.administration.end_all_sessions(source)
        # The versions have ended the sessions of all users; millions of rows take longer than a request.
        ending = self.sessions.admin.end_all(source=source)
        self.services.background.start(ending, "end all sessions")
        self.redirect("/login", status=303)


async def set_new_password(handler: BaseHandler, user_id: int) -> tuple[str, str]:
    """Set a random password that has to be changed; return address and password. SiteError 404."""
    source, password = source_of(handler), secrets.token_urlsafe(16)
    user = (await handler.services.accounts.users([str(user_id)])).get(str(user_id))
    if user is not None:
        administration = handler.services.administration
        user = await administration.set_password(user_id, user.email, password, source)
    if user is None:
        raise SiteError(404, "not_found", "There is no such account.")
    await handler.sessions.admin.end_user(user_id, "password change", source)
    return user.email, password
