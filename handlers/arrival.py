"""Arriving by a link on another site.

The session cookie is SameSite=Strict, so the browser does not send it with such a request, and a
reload does not help. A page that refreshes itself does: its request comes from this site.
"""

from tornado.httputil import HTTPServerRequest


def arrives_from_elsewhere(request: HTTPServerRequest, cookie_name: str) -> bool:
    """Return True if a link or form of another site led here and no session cookie came along.

    The request after the refresh says "same-origin", so this is True once at most.
    """
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Site") == "cross-site"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and cookie_name not in request.cookies
    )
