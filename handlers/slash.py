"""Addresses with a slash at the end, as people type them."""

from handlers.access import Access
from handlers.base import BaseHandler


class SlashHandler(BaseHandler):
    """GET any path of letters, digits, hyphens and slashes that ends with a slash."""

    access = Access.ANYONE
    needs_session = False

    def get(self, path: str) -> None:
        """Redirect to the same path without it."""
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{path}{query}")
