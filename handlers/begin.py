"""Begin a new map after a session has ended."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.cookie_check import redirect_with_cookie
from handlers.flash import say


class BeginHandler(BaseHandler):
    """POST /begin."""

    access = Access.ANYONE
    accepts_ended = True

    def post(self) -> None:
        """Begin a new session after the old one has ended."""
        if self.session.lapsed:
            self.session.begin()
            # A session is stored when it has data.
            self.session["begun"] = True
            say(self, "This is a new map.")
        redirect_with_cookie(self, "/")
