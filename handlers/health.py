"""Health: for load balancers, which keep no session."""

from handlers.access import Access
from handlers.errors import SiteError
from handlers.site import SiteHandler
from nestmap.database import DatabaseError
from nestmap.schema import is_current


class LiveHandler(SiteHandler):
    """GET /livez."""

    access = Access.ANYONE
    needs_session = False

    def get(self) -> None:
        """The process answers, whatever the database does."""
        self.set_header("Cache-Control", "no-store")
        self.finish_json({"status": "ok"})


class ReadyHandler(SiteHandler):
    """GET /readyz."""

    access = Access.ANYONE
    needs_session = False

    async def get(self) -> None:
        """Requests are welcome: not stopping, the database answers, the schema is ours."""
        self.set_header("Cache-Control", "no-store")
        if self.site.draining:
            raise SiteError(503, "stopping", "This instance is stopping.")
        try:
            current = await is_current(self.site.database)
        except DatabaseError:
            raise SiteError(503, "unavailable", "The database does not answer.") from None
        if not current:
            raise SiteError(503, "schema_old", "The schema is older than the program.")
        self.finish_json({"status": "ok"})
