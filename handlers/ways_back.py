"""Where a redirect may lead: paths of this site that a client sent, and the page of a posted form."""

from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler


def local_path(path: str) -> str:
    """Return the path if it can only lead to this site, else "/"."""
    local = path.startswith("/") and not path.startswith("//")
    return path if local and path.isprintable() and "\\" not in path else "/"


def page_of_form(request: HTTPServerRequest) -> str:
    """Return the page of this site whose form was posted, to show it again.

    Return "/" if there is no Referer, or if it is not a valid address.
    """
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    if parts.netloc != request.host:
        return "/"
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def page_to_return_to(handler: RequestHandler) -> str:
    """Return the page of the form that was posted, for after a sign-in."""
    page = page_of_form(handler.request)
    # An error page is shown at the path of the form, which may be sent again from there.
    is_page = type(handler).get is not RequestHandler.get
    return page if is_page or urlsplit(page).path != handler.request.path else "/"
