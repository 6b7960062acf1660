"""Health checks for load balancers, without a session."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import STARTING, SiteError


class LiveHandler(BaseHandler):
    """GET /livez."""

    access = Access.ANYONE
    needs_session = False

    def get(self) -> None:
        """Answer 200: the process runs, with or without its database."""
        self.set_header("Cache-Control", "no-store")
        self.finish_json({"status": "ok"})


class ReadyHandler(BaseHandler):
    """GET /readyz."""

    access = Access.ANYONE
    needs_session = False

    async def get(self) -> None:
        """Answer 200 if the process is not stopping, the database answers and the schema is right."""
        self.set_header("Cache-Control", "no-store")
        if self.services.requests.stopping:
            raise SiteError(503, "stopping", "This instance is stopping.")
        faults = await self.services.readiness.faults()
        if faults:
            raise SiteError(503, "unavailable", f"Not ready: {'; '.join(faults)}.")
        if not self.services.is_open:
            raise SiteError(503, *STARTING)
        self.finish_json({"status": "ok"})
