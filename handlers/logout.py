"""Sign out, which deletes the session and its data: the form and the API."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.flash import say
from handlers.places_of import left_over

# Not "cookies": that would delete the device cookie too, and those of sibling sites.
CLEAR = '"storage"'


class LogoutHandler(BaseHandler):
    """POST /logout."""

    access = Access.ANYONE
    accepts_ended = True

    def post(self) -> None:
        """End the session and go home."""
        if self.current_user:
            say(self, f"You are signed out. Your places stay in your account{_except(self)}.")
        self.session.sign_out()
        self.set_header("Clear-Site-Data", CLEAR)
        self.redirect("/", status=303)


class ApiLogoutHandler(BaseHandler):
    """POST /api/auth/logout."""

    access = Access.ANYONE
    accepts_ended = True

    def post(self) -> None:
        """End the session: 204, with or without a sign-in."""
        self.session.sign_out()
        self.set_header("Clear-Site-Data", CLEAR)
        self.set_status(204)


def _except(handler: BaseHandler) -> str:
    """Return which places the end of the session deletes: those that did not fit into the account."""
    number = left_over(handler)
    return f", except for {number if number > 1 else 'one'} that did not fit" if number else ""
