"""A check after the first cookie: redirects on, or explains that the browser refuses cookies."""

from urllib.parse import urlencode

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.ways_back import local_path

REFUSED = (
    "Your browser has sent back no cookie, so this site can't know you from one page to the next,"
    " and nothing you pin stays. Allow cookies for this site, and try again."
)


class CookieCheckHandler(BaseHandler):
    """GET /cookies?next=..."""

    access = Access.ANYONE

    def get(self) -> None:
        """Redirect to `next`, or explain that cookies are refused."""
        if not has_cookie(self):
            raise SiteError(400, "cookies_refused", REFUSED)
        self.redirect(local_path(self.get_query_argument("next", "/")))


def redirect_with_cookie(handler: BaseHandler, path: str) -> None:
    """Redirect after a post that stored something.

    A browser without cookies gets the check first.
    """
    if not has_cookie(handler):
        path = f"/cookies?{urlencode({'next': path})}"
    handler.redirect(path, status=303)


def has_cookie(handler: BaseHandler) -> bool:
    """Return True if the browser sent a cookie of the session's name, valid or not."""
    return handler.get_cookie(handler.services.settings.cookie_name) is not None
