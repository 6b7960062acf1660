"""Security events, added in the transaction of the action.

An event has the time, the ``kind``, the affected user, the actor, the session and the IP address.
The statements that sign in and end sessions add their own events; other code passes a Source to the
statement of the action, or calls Events.add().
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from nestmap.database import Database
from nestmap.queries import queries

SQL = queries("sessions/events")

# The kinds that the layer adds itself; a site may add events of other kinds.
KINDS = {
    "signed_in": "A session was signed in.",
    "signed_out": "A session was ended by its user.",
    "session_ended": 'A session was ended in another way; "why" has the reason.',
    "confirmed": "The password was given again for an important action.",
    "events_pruned": "Old events were removed; the chain begins after them.",
}

PAGE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """The actor and the client of a request, which all its events have in common."""

    actor_id: str | None = None
    session_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def event(self, kind: str = "", user_id: str | None = None, **details: Any) -> dict[str, Any]:
        """Return an event of this source, ready to be stored; ``details`` are JSON values."""
        return {
            "kind": kind,
            "user_id": user_id,
            "actor_id": self.actor_id,
            "session_id": self.session_id,
            "ip": self.ip,
            "user_agent": self.user_agent,
            "details": {**self.details, **details},
        }

    def json(self, **details: Any) -> str:
        """Return the event as JSON; the statement adds the kind and the user."""
        event = self.event(**details)
        return orjson.dumps({k: v for k, v in event.items() if v and k != "kind"}).decode()


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event; ``at`` is ISO 8601 in UTC, ``session_id`` the public id of a session."""

    id: int
    at: str
    kind: str
    user_id: str | None
    actor_id: str | None
    session_id: str | None
    ip: str | None
    user_agent: str | None
    details: dict[str, Any]


class Events:
    """Adds and reads events. Every method may raise DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, *events: dict[str, Any]) -> None:
        """Add events (see Source.event) in a statement of their own."""
        await self._database.all(SQL["add_events"], {"events": orjson.dumps(events).decode()})

    async def newest(
        self,
        most: int,
        *,
        user_id: str | None = None,
        kind: str | None = None,
        before: int | None = None,
    ) -> list[Event]:
        """Return up to ``most`` events, the newest first, before the id ``before``."""
        return await self._page(user_id, kind, before, most)

    async def export(self) -> AsyncIterator[Event]:
        """Yield every event, the newest first."""
        before = None
        while page := await self._page(None, None, before, PAGE):
            for event in page:
                yield event
            before = page[-1].id

    async def _page(
        self, user_id: str | None, kind: str | None, before: int | None, most: int
    ) -> list[Event]:
        parameters = {"user_id": user_id, "kind": kind, "before": before, "most": most}
        rows = await self._database.all(SQL["list_events"], parameters, idempotent=True)
        return [event_of(row) for row in rows]


def event_of(row: tuple[Any, ...]) -> Event:
    """Return the event of a row whose last column is its details as JSON text."""
    return Event(*(*row[:-1], orjson.loads(row[-1])))
