"""Forget the map of a visitor."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.flash import say


class ForgetHandler(BaseHandler):
    """POST /forget."""

    access = Access.ANYONE

    def post(self) -> None:
        """End the session of a visitor, with the places in it."""
        if self.current_user is None:
            self.session.sign_out()
            say(self, "Your map is forgotten.")
        self.redirect("/", status=303)
