"""Responses for requests that have no other handler."""

import logging

from tornado.web import stream_request_body

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import TOO_LARGE, SiteError

log = logging.getLogger("nestmap.handlers")


class MissingHandler(BaseHandler):
    """Any unknown path."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """Answer 404 to every method."""
        raise SiteError(404, "not_found", "There is nothing here.")


class MisdirectedHandler(BaseHandler):
    """Any request for a host that ALLOWED_HOSTS does not name."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """Answer 421 and log which setting to change."""
        host = self.request.host_name[:100]
        if self.services.samplers.hosts.take(host):
            log.warning("refused a request for the host %r: ALLOWED_HOSTS does not name it", host)
        raise SiteError(421, "misdirected", "This site is not served under this name.")


@stream_request_body
class TooLargeHandler(BaseHandler):
    """Any request whose Content-Length is too large."""

    access = Access.ANYONE
    needs_session = False

    async def prepare(self) -> None:
        """Answer 413 before the body is read."""
        raise SiteError(413, *TOO_LARGE)

    def data_received(self, chunk: bytes) -> None:
        """Drop the data."""
