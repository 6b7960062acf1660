"""The sessions of a user, described by browser, times and IP address."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handlers.base import BaseHandler
from handlers.words import browser_name, iso
from nestmap.sessions import ListedSession


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One session. `remembered` is True if it was begun with "stay signed in"."""

    id: str
    current: bool
    signed_in_at: datetime | None
    last_seen_at: datetime | None
    expires_at: datetime
    remembered: bool
    ip: str | None
    user_agent: str | None

    @classmethod
    def of(cls, listed: ListedSession, current_id: str | None) -> "OwnSession":
        """Return one of a list of the session layer; `current_id` is that of the request."""
        return cls(
            listed.id,
            listed.id == current_id,
            _moment(listed.signed_in_at),
            _moment(listed.last_seen_at),
            datetime.fromtimestamp(listed.expires_at, UTC),
            listed.idle is not None,
            listed.ip,
            listed.user_agent,
        )

    @property
    def browser(self) -> str:
        """The name of the browser and the system."""
        return browser_name(self.user_agent)

    def json(self) -> dict[str, Any]:
        """Return the session as the API shows it."""
        return {
            "id": self.id,
            "current": self.current,
            "signed_in_at": iso(self.signed_in_at),
            "last_seen_at": iso(self.last_seen_at),
            "expires_at": iso(self.expires_at),
            "ip": self.ip,
            "user_agent": self.user_agent,
        }


async def own_sessions(handler: BaseHandler) -> list[OwnSession]:
    """Return the sessions of the signed-in user: the current one, then the others by last use."""
    session, admin = handler.session, handler.sessions.admin
    listed = await admin.list(session.user_id)
    if session.id not in {one.id for one in listed}:
        # The list is limited, and has the newest sign-ins.
        listed += (await admin.search(public_id=session.id)).sessions
    sessions = [OwnSession.of(one, session.id) for one in listed]
    sessions.sort(key=lambda one: one.last_seen_at or one.expires_at, reverse=True)
    return sorted(sessions, key=lambda one: not one.current)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
