"""One log line for each answer, when it has left."""

import logging

from tornado.web import RequestHandler

log = logging.getLogger("nestmap.access")


def log_answer(handler: RequestHandler, request_id: str) -> None:
    """Log method, path, status and time; never the query, a header or a body."""
    if not log.isEnabledFor(logging.INFO):
        return
    request = handler.request
    fields = {
        "request_id": request_id,
        "method": request.method,
        "path": request.path.encode("ascii", "backslashreplace").decode(),
        "status": handler.get_status(),
        "milliseconds": round(1000 * request.request_time(), 1),
        "ip": request.remote_ip,
    }
    line = "%(method)s %(path)s %(status)s %(milliseconds)sms %(request_id)s"
    log.info(line, fields, extra=fields)
