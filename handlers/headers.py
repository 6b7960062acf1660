"""The headers that every answer carries."""

import random
import re

from tornado.httputil import HTTPServerRequest

from nestmap.services import Services

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# The server puts these on each response, also on those that no handler writes.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def new_request_id(request: HTTPServerRequest, services: Services) -> str:
    """The id of a request: the one that our proxy gave it, or a new one."""
    given = request.headers.get("X-Request-Id", "") if services.settings.trust_proxy else ""
    # A name, not a secret: random bytes from the kernel cost a system call each.
    return given if REQUEST_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"


def usual_headers(services: Services, request_id: str) -> dict[str, str]:
    """Return the headers that handlers put on each response, besides SECURITY."""
    headers = {"X-Request-Id": request_id}
    if services.drain.stopping:
        headers["Connection"] = "close"
    return headers
