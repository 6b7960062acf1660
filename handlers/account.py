"""The account page: who you are, your sessions, and ending them."""

from handlers.base import BaseHandler
from handlers.client import source_of


class AccountHandler(BaseHandler):
    """GET /account."""

    async def get(self) -> None:
        """Show who you are and where you are signed in."""
        sessions = await self.services.sessions.admin.list(self.signed_in_user.id)
        self.render("account.html", sessions=sessions)


class EndSessionHandler(BaseHandler):
    """POST /account/sessions/{id}/end."""

    async def post(self, session_id: str) -> None:
        """End one of your sessions; your current one by signing out."""
        if session_id == self.session.id:
            self.session.sign_out()
            self.redirect("/", status=303)
            return
        await self.services.sessions.admin.end(
            session_id, "ended by its user", self.signed_in_user.id, source_of(self)
        )
        self.redirect("/account", status=303)


class EndOtherSessionsHandler(BaseHandler):
    """POST /account/sessions/end-others."""

    async def post(self) -> None:
        """End all of your sessions but this one."""
        await self.services.sessions.admin.end_others(
            self.signed_in_user.id, self.session.id, source=source_of(self)
        )
        self.redirect("/account", status=303)
