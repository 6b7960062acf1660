"""The account page: who you are, your sessions, and ending them."""

from handlers.site import SiteHandler


class AccountHandler(SiteHandler):
    """GET /account."""

    async def get(self) -> None:
        """Show who you are and where you are signed in."""
        assert self.user is not None, "the handler is for users"
        sessions = await self.site.reports.sessions_of(self.user.id, self.session.public_id)
        self.render("account.html", sessions=sessions)


class EndSessionHandler(SiteHandler):
    """POST /account/sessions/{id}/end."""

    async def post(self, session_id: str) -> None:
        """End one of your sessions; your current one by signing out."""
        assert self.user is not None, "the handler is for users"
        if session_id == self.session.public_id:
            self.session.sign_out()
            self.redirect("/", status=303)
            return
        await self.site.reports.end_session_of(self.user.id, session_id)
        self.redirect("/account", status=303)


class EndOtherSessionsHandler(SiteHandler):
    """POST /account/sessions/end-others."""

    async def post(self) -> None:
        """End all of your sessions but this one."""
        assert self.user is not None, "the handler is for users"
        await self.site.reports.end_others_of(self.user.id, self.session.public_id)
        self.redirect("/account", status=303)
