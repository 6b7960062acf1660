"""Answers for requests that have no handler of their own."""

from tornado.web import stream_request_body

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import TOO_LARGE, SiteError


class MissingHandler(BaseHandler):
    """Any path that there is not."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """404, whatever the method."""
        raise SiteError(404, "not_found", "There is nothing here.")


@stream_request_body
class TooLargeHandler(BaseHandler):
    """Any request whose headers announce a body that is too long."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """413, before the body is read."""
        raise SiteError(413, *TOO_LARGE)

    def data_received(self, chunk: bytes) -> None:
        """Nothing of it is kept."""
