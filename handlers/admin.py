"""The dashboard of administration, its figures as JSON, and the facts about store and cookie."""

from handlers.access import Access
from handlers.admin_history import curves_of
from handlers.admin_search import found_sessions
from handlers.base import BaseHandler
from nestmap.sessions import Figures, NotSampled


class AdminHandler(BaseHandler):
    """GET /admin?q=&cursor=&span=."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Show the figures, their history, and the newest sessions or those found by q."""
        found = await found_sessions(self)
        self.render(
            "admin.html",
            figures=await self._figures(),
            charts=await curves_of(self),
            found=found,
        )

    async def _figures(self) -> Figures | None:
        try:
            return await self.sessions.admin.figures()
        except NotSampled:
            return None


class StoreHandler(BaseHandler):
    """GET /admin/store."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Show the session table, the lifetimes and the cookie."""
        sample = await self.sessions.admin.last_sample()
        self.render("store.html", store=self.services.store(), sample=sample)


class StatsHandler(BaseHandler):
    """GET /api/admin/session-stats."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Answer with the figures and their time."""
        self.finish_json(await self.services.stats())
