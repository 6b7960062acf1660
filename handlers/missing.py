"""Answers for requests that have no handler of their own."""

import logging

from tornado.web import stream_request_body

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import TOO_LARGE, SiteError

log = logging.getLogger("nestmap.handlers")


class MissingHandler(BaseHandler):
    """Any path that there is not."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """404, whatever the method."""
        raise SiteError(404, "not_found", "There is nothing here.")


class MisdirectedHandler(BaseHandler):
    """Any request for a host that is not served here."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """421, and a line in the log that says what to set."""
        host = self.request.host_name[:100]
        if self.services.sampler.take(f"host {host}"):
            log.warning("refused a request for the host %r: ALLOWED_HOSTS does not name it", host)
        raise SiteError(421, "misdirected", "This site is not served under this name.")


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
