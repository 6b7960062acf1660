"""End sessions by their user or by administration: one, those of a user, or all of them, a batch at a time.

The rows are deleted by sql/sessions/migrations/0009-end.sql. A sign-out of the session of a request is a
write like others: End in writes.py.
"""

from collections.abc import Callable
from typing import Any

from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions.events import Source
from nestmap.sessions.options import SessionOptions

# Sessions that one statement ends.
BATCH = 1000

Progress = Callable[[int], None]


class SessionEnding:
    """All methods return the number of ended sessions, and may raise DatabaseError.

    Sessions are ended by public id, so one that is changing its sid at this moment is ended too.
    """

    def __init__(self, database: Database, options: SessionOptions) -> None:
        self._database = database
        self._records_events = options.events
        self._sql = queries("sessions/admin", options.names)
        self._end_sessions = queries("sessions/sessions", options.names)["end_sessions_at_once"]

    async def one(
        self, public_id: str, user_id: str | None, reason: str, source: Source | None
    ) -> int:
        """End one session, with ``user_id`` only if it belongs to this user."""
        if user_id is not None:
            parameters = {"user_id": user_id, "id": public_id}
            if not await self._ids("own_session_id", parameters):
                return 0
        return await self._end([public_id], reason, source)

    async def of_user(
        self, user_id: str, keep: str | None, reason: str, source: Source | None
    ) -> int:
        """End the sessions of a user, except for the one with the id ``keep``."""
        parameters = {"user_id": user_id, "keep": keep or "", "most": BATCH}
        total = 0
        while ids := await self._ids("session_ids_of_user", parameters):
            total += await self._end(ids, reason, source)
            if len(ids) < BATCH:
                break
        return total

    async def every(self, reason: str, source: Source | None, progress: Progress | None) -> int:
        """End all sessions; ``progress`` is called with the number of ended sessions after each batch."""
        total, after = 0, ""
        while ids := await self._ids("some_session_ids", {"after": after, "most": BATCH}):
            after = ids[-1]
            total += await self._end(ids, reason, source)
            if progress is not None:
                progress(total)
        return total

    async def _ids(self, name: str, parameters: dict[str, Any]) -> list[str]:
        rows = await self._database.all(self._sql[name], parameters, idempotent=True)
        return [row[0] for row in rows]

    async def _end(self, ids: list[str], reason: str, source: Source | None) -> int:
        recorded = (source or Source()).json() if self._records_events else None
        parameters = {
            "ids": ids,
            "reasons": [reason] * len(ids),
            "sources": [recorded] * len(ids),
        }
        return len(await self._database.all(self._end_sessions, parameters, idempotent=True))
