"""One log line for each answer, when it has left, and its place in the metrics."""

import logging
from typing import TYPE_CHECKING

from tornado.web import RequestHandler

from nestmap.sessions import SessionHandler

if TYPE_CHECKING:
    from handlers.route_names import RouteNames
    from nestmap.metrics import RequestFigures

log = logging.getLogger("nestmap.access")

# Monitoring requests these every few seconds, so they are logged at level debug unless they fail.
PROBES = ("/livez", "/readyz")

LINE = (
    "%(method)s %(path)s %(status)s %(milliseconds)sms"
    " ip=%(ip)s user=%(user_id)s session=%(session_id)s request=%(request_id)s"
)


def count_answer(handler: RequestHandler) -> None:
    """Count the answer by route, method and status, if the site is measured."""
    requests: RequestFigures | None = handler.settings.get("requests")
    if requests is not None:
        names: RouteNames = handler.settings["route_names"]
        request = handler.request
        route, method = names.of(handler), request.method or ""
        requests.count(route, method, handler.get_status(), request.request_time())


def log_answer(handler: SessionHandler, request_id: str) -> None:
    """Log who asked for what, the status and the time; never the query, a header or a body."""
    request = handler.request
    level = logging.DEBUG if request.path in PROBES else logging.INFO
    if not log.isEnabledFor(level):
        return
    user_id, session_id = handler.session_ids()
    fields = {
        "request_id": request_id,
        "method": request.method,
        "path": request.path.encode("ascii", "backslashreplace").decode(),
        "status": handler.get_status(),
        "milliseconds": round(1000 * request.request_time(), 1),
        "ip": request.remote_ip or None,
        "user_id": user_id,
        "session_id": session_id,
    }
    said = {name: "-" if value is None else value for name, value in fields.items()}
    log.log(level, LINE, said, extra=fields)
