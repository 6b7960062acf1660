"""The Tornado application."""

from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

if TYPE_CHECKING:
    from tornado.web import _HandlerDelegate

from nestmap.serve.server import MAX_BODY
from nestmap.services import Services

Routes = list[tuple[str, type[RequestHandler]]]


class SiteApplication(Application):
    """Refuses a body that is too long when its headers come, not after it was sent."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> "_HandlerDelegate":
        length = request.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length[:20]) > MAX_BODY:
            return self.get_handler_delegate(request, self.settings["too_large_handler_class"])
        return super().find_handler(request, **kwargs)


def make_app(services: Services, routes: Routes, **settings: Any) -> SiteApplication:
    """The application. ``settings`` are the handlers' own: templates, static files, error handlers."""
    return SiteApplication(
        list(routes),
        services=services,
        sessions=services.sessions,
        cross_origin_protection=True,
        log_function=_no_log,
        **settings,
    )


def _no_log(_: RequestHandler) -> None:
    """Tornado logs in finish(); an answer that is held is logged when it has left."""
