"""The headers of every response."""

import random
import re

from tornado.httputil import HTTPServerRequest

from nestmap.services import Services

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# The server adds these to each response, also to those without a handler.
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
    """Return the id of a request: the one from the trusted proxy, or a new one."""
    given = request.headers.get("X-Request-Id", "") if services.settings.trust_proxy else ""
    # The id is not a secret, so it does not need random bytes from the kernel, a system call each.
    return given if REQUEST_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"


def usual_headers(services: Services, request_id: str) -> dict[str, str]:
    """Return the headers that handlers add to each response, in addition to SECURITY."""
    headers = {"X-Request-Id": request_id}
    if services.requests.stopping:
        headers["Connection"] = "close"
    return headers
