"""What a client may know of its own session."""

from datetime import UTC, datetime

from handlers.access import Access
from handlers.site import SiteHandler
from handlers.users import user_json


class SessionHandler(SiteHandler):
    """GET /api/auth/session."""

    access = Access.ANYONE

    def get(self) -> None:
        """Who is signed in, and until when; null for what there is not."""
        stored = self.session.stored
        lifetimes = self.site.lifetimes
        self.finish_json(
            {
                "authenticated": self.user is not None,
                "user": user_json(self.user) if self.user else None,
                "session": stored
                and {
                    "id": self.session.public_id,
                    "created_at": iso(stored.created_at),
                    "expires_at": iso(stored.expires_at),
                    "absolute_expires_at": iso(stored.created_at + lifetimes.absolute),
                },
            }
        )


def iso(seconds: float) -> str:
    """A point in time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
