"""The session dashboard and its figures as JSON."""

from handlers.access import Access
from handlers.site import SiteHandler

NEWEST = 50


class AdminHandler(SiteHandler):
    """GET /admin."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Show the figures, and the newest sessions of users."""
        reports = self.site.reports
        sessions = await reports.newest_sessions(NEWEST, self.session.public_id)
        self.render("admin.html", stats=await reports.stats(), sessions=sessions)


class AdminEndSessionHandler(SiteHandler):
    """POST /admin/sessions/{id}/end."""

    access = Access.ADMIN

    async def post(self, session_id: str) -> None:
        """End a session, whoever has it."""
        await self.site.reports.end_session(session_id)
        self.redirect("/admin", status=303)


class StatsHandler(SiteHandler):
    """GET /api/admin/session-stats."""

    access = Access.ADMIN

    async def get(self) -> None:
        """The figures, counted exactly."""
        self.finish_json(await self.site.reports.stats())
