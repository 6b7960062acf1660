"""The account page: who you are, your sessions, and ending them."""

from handlers.site import SiteHandler
from nestmap.sessions import public_id


class AccountHandler(SiteHandler):
    """GET /account."""

    async def get(self) -> None:
        """Show who you are and where you are signed in."""
        assert self.user is not None, "the handler is for users"
        sessions = await self.site.reports.sessions_of(self.user.id, self.current_id)
        self.render("account.html", sessions=sessions)

    @property
    def current_id(self) -> str | None:
        """The public id of the session that asks."""
        return public_id(self.session.sid) if self.session.sid else None


class EndSessionHandler(AccountHandler):
    """POST /account/sessions/{id}/end."""

    async def get(self, *_: str) -> None:
        """Go back to the page that has the button."""
        self.redirect("/account")

    async def post(self, session_id: str) -> None:
        """End one of your sessions; your current one by signing out."""
        assert self.user is not None, "the handler is for users"
        if session_id == self.current_id:
            self.session.sign_out()
            self.redirect("/", status=303)
            return
        await self.site.reports.end_session_of(self.user.id, session_id)
        self.redirect("/account", status=303)


class EndOtherSessionsHandler(EndSessionHandler):
    """POST /account/sessions/end-others."""

    async def post(self) -> None:  # type: ignore[override]
        """End all of your sessions but this one."""
        assert self.user is not None, "the handler is for users"
        await self.site.reports.end_others_of(self.user.id, self.current_id)
        self.redirect("/account", status=303)
