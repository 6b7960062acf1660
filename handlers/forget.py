"""Forget the map of a visitor."""

from handlers.access import Access
from handlers.base import BaseHandler
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
