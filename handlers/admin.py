"""The session dashboard and its figures as JSON."""

from handlers.access import Access
from handlers.admin_users import note_read
from handlers.base import BaseHandler
from handlers.client import source_of

NEWEST = 50


class AdminHandler(BaseHandler):
    """GET /admin."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Show the figures, and the newest sessions of users."""
        sessions = await self.services.sessions.admin.newest(NEWEST)
        await note_read(self, "sessions")
        owners = await self.services.accounts.users(one.user_id for one in sessions if one.user_id)
        self.render(
            "admin.html", stats=await self.services.stats(), sessions=sessions, owners=owners
        )


class AdminEndSessionHandler(BaseHandler):
    """POST /admin/sessions/{id}/end."""

    access = Access.ADMIN

    async def post(self, session_id: str) -> None:
        """End a session, whoever has it."""
        await self.ensure_confirmed()
        await self.services.sessions.admin.end(session_id, source=source_of(self))
        self.redirect("/admin", status=303)


class StatsHandler(BaseHandler):
    """GET /api/admin/session-stats."""

    access = Access.ADMIN

    async def get(self) -> None:
        """The figures, counted exactly."""
        self.finish_json(await self.services.stats())
