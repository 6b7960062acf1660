"""What the API shows about the session of a client."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.users import user_json
from handlers.words import iso


class SessionInfoHandler(BaseHandler):
    """GET /api/auth/session."""

    access = Access.ANYONE

    def get(self) -> None:
        """Answer with the user and the times of the session, or null."""
        stored = self.session.stored
        self.finish_json(
            {
                "authenticated": self.current_user is not None,
                "user": user_json(self.current_user) if self.current_user else None,
                "session": stored
                and {
                    "id": self.session.id,
                    "created_at": iso(stored.created_at),
                    "expires_at": iso(stored.expires_at),
                    "absolute_expires_at": iso(stored.absolute_expires_at),
                },
            }
        )
