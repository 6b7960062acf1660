"""The account page: who you are, and where you are signed in."""

from handlers.base import BaseHandler
from handlers.own_sessions import own_sessions


class AccountHandler(BaseHandler):
    """GET /account."""

    async def get(self) -> None:
        """Show who you are and where you are signed in."""
        self.render("account.html", sessions=await own_sessions(self))
