"""Forget the map of a visitor, or begin a new one after a session has ended."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.cookie_check import redirect_with_cookie
from handlers.flash import say
from handlers.lapsed import require_session


class ForgetHandler(BaseHandler):
    """POST /forget."""

    access = Access.ANYONE

    def post(self) -> None:
        """End the session of a visitor, with the places in it."""
        require_session(self.session)
        if self.current_user is None:
            self.session.sign_out()
            say(self, "Your map is forgotten.")
        self.redirect("/", status=303)


class BeginHandler(BaseHandler):
    """POST /begin."""

    access = Access.ANYONE

    def post(self) -> None:
        """Begin a new session after the old one has ended."""
        if self.session.lapsed:
            self.session.begin()
            # A session is stored when it has data.
            self.session["begun"] = True
            say(self, "This is a new map.")
        redirect_with_cookie(self, "/")
