"""What is checked of each request before its session is loaded."""

from typing import TYPE_CHECKING

from tornado.httputil import HTTPServerRequest

from handlers.errors import HTTPS_REQUIRED, SENTENCES, STARTING, TOO_LARGE, SiteError
from nestmap.sizes import MAX_BODY

if TYPE_CHECKING:
    from handlers.base import BaseHandler


def check_request(handler: "BaseHandler") -> None:
    """Raise SiteError if the request is too large, not over https in production, or too early."""
    request, services = handler.request, handler.services
    if len(request.body) > MAX_BODY:
        raise SiteError(413, *TOO_LARGE)
    if not handler.needs_session:
        return
    if services.settings.production:
        if request.protocol != "https":
            raise SiteError(403, *HTTPS_REQUIRED)
        if request.method != "GET" and comes_from_http(request):
            raise SiteError(403, *SENTENCES[403])
    if not services.is_open:
        raise SiteError(503, *STARTING)


def comes_from_http(request: HTTPServerRequest) -> bool:
    """Return True if the page that sent this request was loaded over plain http.

    Anyone on the network could have changed such a page. Tornado compares the host of Origin only.
    Browsers that send Sec-Fetch-Site say "cross-site".
    """
    return request.headers.get("Origin", "").startswith("http:")
