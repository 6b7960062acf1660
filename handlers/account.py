"""The account page: who you are, and where you are signed in."""

from handlers.base import BaseHandler
from handlers.devices import devices_of


class AccountHandler(BaseHandler):
    """GET /account."""

    async def get(self) -> None:
        """Show who you are and where you are signed in."""
        self.render("account.html", sessions=await devices_of(self))
