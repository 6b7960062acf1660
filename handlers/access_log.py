"""One log line for each answer, when it has left."""

import logging

from tornado.web import RequestHandler

log = logging.getLogger("nestmap.access")

# Asked every few seconds by whoever watches the site: of no interest as long as nothing is wrong.
PROBES = ("/livez", "/readyz")


def log_answer(handler: RequestHandler, request_id: str) -> None:
    """Log method, path, status and time; never the query, a header or a body."""
    request = handler.request
    level = logging.DEBUG if request.path in PROBES else logging.INFO
    if not log.isEnabledFor(level):
        return
    fields = {
        "request_id": request_id,
        "method": request.method,
        "path": request.path.encode("ascii", "backslashreplace").decode(),
        "status": handler.get_status(),
        "milliseconds": round(1000 * request.request_time(), 1),
        "ip": request.remote_ip,
    }
    line = "%(method)s %(path)s %(status)s %(milliseconds)sms %(request_id)s"
    log.log(level, line, fields, extra=fields)
