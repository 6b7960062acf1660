"""Administration: list sessions, end them, count them. A session is named by its public id."""

from dataclasses import dataclass
from typing import Any

from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions.events import Source
from nestmap.sessions.options import SessionOptions

# The most sessions that one list shows; who has more wants to end them all.
MOST = 200

# Sessions that one statement ends.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A live session of a signed-in user, without its sid. Times are seconds since the epoch, UTC."""

    id: str
    user_id: str
    created_at: float
    signed_in_at: float | None
    last_seen_at: float
    expires_at: float
    idle: int | None
    ip: str | None
    user_agent: str | None


# The class has a method of the name "list".
Listing = list[ListedSession]
Ids = list[str]


class SessionAdmin:
    """Each method may raise DatabaseError. ``source`` is who ends sessions, for their events."""

    def __init__(self, database: Database, options: SessionOptions) -> None:
        self._database = database
        self._absolute = options.absolute
        self._records_events = options.events
        self._sql = queries("sessions/admin", options.names)
        self._end_sessions = queries("sessions/sessions", options.names)["end_sessions"]

    async def list(self, user_id: object, most: int = MOST) -> Listing:
        """Return the live sessions of one user, the newest sign-in first."""
        return await self._listed(str(user_id), most)

    async def newest(self, most: int = MOST) -> Listing:
        """Return the live sessions of signed-in users, the newest sign-in first."""
        return await self._listed(None, most)

    async def authenticated_within(self, public_id: str, seconds: int) -> bool:
        """Return True if the user of a session signed in or gave the password in the last ``seconds``."""
        row = await self._database.one(
            self._sql["authenticated_within"],
            {"id": public_id, "seconds": seconds},
            idempotent=True,
        )
        return row is not None and bool(row[0])

    async def end(
        self,
        public_id: str,
        reason: str = "ended by an administrator",
        user_id: object = None,
        source: Source | None = None,
    ) -> int:
        """End one session; with ``user_id`` only if it is that user's. Return 0 if there is none."""
        return await self._end_found(reason, source, user_id=user_id, ids=[public_id])

    async def end_others(
        self,
        user_id: object,
        keep: str | None,
        reason: str = "ended by its user",
        source: Source | None = None,
    ) -> int:
        """End every session of a user but the one with the public id ``keep``; return how many."""
        return await self._end_found(reason, source, user_id=user_id, keep=keep)

    async def end_user(
        self,
        user_id: object,
        reason: str = "ended by an administrator",
        source: Source | None = None,
    ) -> int:
        """End every session of a user and return how many."""
        return await self._end_found(reason, source, user_id=user_id)

    async def end_all(
        self, reason: str = "ended by an administrator", source: Source | None = None
    ) -> int:
        """End every session, in batches, and return how many."""
        total, after = 0, ""
        while True:
            rows = await self._database.all(
                self._sql["some_session_ids"], {"after": after, "most": BATCH}, idempotent=True
            )
            if not rows:
                return total
            after = rows[-1][0]
            total += await self._end([row[0] for row in rows], reason, source)

    async def stats(self) -> dict[str, Any]:
        """Return the figures of this moment, each counted."""
        (row,) = await self._database.rows(
            self._sql["session_stats"], {"absolute": self._absolute}, idempotent=True
        )
        return {
            "total": row["total"],
            "active": row["active"],
            "expired": row["total"] - row["active"],
            "authenticated": row["authenticated"],
            "anonymous": row["active"] - row["authenticated"],
            "users": row["users"],
            "table_bytes": row["table_bytes"],
            "generated_at": row["generated_at"],
        }

    async def _listed(self, user_id: str | None, most: int) -> Listing:
        parameters = {"user_id": user_id, "most": most, "absolute": self._absolute}
        rows = await self._database.rows(self._sql["list_sessions"], parameters, idempotent=True)
        return [ListedSession(**row) for row in rows]

    async def _end_found(
        self,
        reason: str,
        source: Source | None,
        *,
        user_id: object = None,
        ids: Ids | None = None,
        keep: str | None = None,
    ) -> int:
        owner = None if user_id is None else str(user_id)
        parameters = {"user_id": owner, "ids": ids, "keep": keep}
        rows = await self._database.all(self._sql["session_ids"], parameters, idempotent=True)
        return await self._end([row[0] for row in rows], reason, source) if rows else 0

    async def _end(self, ids: Ids, reason: str, source: Source | None) -> int:
        told = (source or Source()).json() if self._records_events else None
        parameters = {
            "ids": ids,
            "reasons": [reason] * len(ids),
            "sources": [told] * len(ids),
        }
        return len(await self._database.all(self._end_sessions, parameters, idempotent=True))
