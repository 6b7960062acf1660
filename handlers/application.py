"""The Tornado application of the site."""

from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from handlers.route_table import Routes, RouteTable
from nestmap.services import Services
from nestmap.settings import Settings
from nestmap.sizes import MAX_BODY

if TYPE_CHECKING:
    from tornado.web import _HandlerDelegate

# Load balancers send an IP address as the host.
HEALTH = ("/livez", "/readyz")


class SiteApplication(Application):
    """Checks the headers of each request: the client's address, the host, the length of the body.

    A body that is too long is refused before it is sent.
    """

    def __init__(self, routes: Routes, **settings: Any) -> None:
        super().__init__(list(routes), **settings)
        self._table = RouteTable(routes)
        self._settings: Settings = settings["services"].settings

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> "_HandlerDelegate":
        self._believe_proxy(request)
        if not self._serves(request):
            return self.get_handler_delegate(request, self.settings["misdirected_handler_class"])
        headers = request.headers
        if "Content-Length" in headers and _is_too_long(headers["Content-Length"]):
            return self.get_handler_delegate(request, self.settings["too_large_handler_class"])
        if found := self._table.find(request):
            handler, arguments = found
            return self.get_handler_delegate(request, handler, **arguments)
        return super().find_handler(request, **kwargs)

    def _believe_proxy(self, request: HTTPServerRequest) -> None:
        """Take the client's address and protocol from the headers of a trusted proxy."""
        proxies = self._settings.trust_proxy
        if not proxies or not proxies.trusts(request.remote_ip):
            return
        values = request.headers.get_list(self._settings.address_header)
        if values:
            request.remote_ip = proxies.client(request.remote_ip, values)
        protocols = request.headers.get("X-Forwarded-Proto", "").split(",")
        if protocols[-1].strip() in ("http", "https"):
            request.protocol = protocols[-1].strip()

    def _serves(self, request: HTTPServerRequest) -> bool:
        """Return True if the host of the request is one of ALLOWED_HOSTS."""
        allowed = self._settings.allowed_hosts
        if not allowed or request.path in HEALTH:
            return True
        host = request.host_name.lower().rstrip(".")
        return any(
            host == one.lstrip(".") or (one.startswith(".") and host.endswith(one))
            for one in allowed
        )


def _is_too_long(length: str) -> bool:
    return length.isdecimal() and int(length[:20]) > MAX_BODY


def make_app(
    services: Services, routes: Routes, usual_headers: dict[str, str], **settings: Any
) -> SiteApplication:
    """Return the application.

    ``settings`` are those of the handlers: templates, files, error handlers. The server adds
    ``usual_headers`` to each response.
    """
    return SiteApplication(
        routes,
        services=services,
        sessions=services.sessions,
        usual_headers=usual_headers | _hsts(services.settings),
        cross_origin_protection=True,
        log_function=_no_log,
        **settings,
    )


def _hsts(settings: Settings) -> dict[str, str]:
    return {"Strict-Transport-Security": settings.hsts} if settings.hsts else {}


def _no_log(_: RequestHandler) -> None:
    """Do nothing: Tornado logs in finish(), but a held response is logged after it was sent."""
