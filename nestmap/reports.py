"""What people are shown of the sessions: figures for administrators, lists with public ids."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nestmap.database import Database
from nestmap.queries import queries
from nestmap.settings import Settings

SQL = queries("reports")

# Of one user; whoever has more wants to end them all (rows).
MOST = 200


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A live session of a signed-in user, without its sid; times are aware and in UTC."""

    id: str
    email: str
    role: str
    created_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool


class Reports:
    """Reads about sessions, and ends those that are named by public id. May raise DatabaseError."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def stats(self) -> dict[str, Any]:
        """The JSON of GET /api/admin/session-stats; every count is exact, of one moment."""
        row = await self._database.one(
            SQL["session_stats"], {"absolute": self._settings.absolute_ttl}, idempotent=True
        )
        assert row is not None, "aggregates always give a row"
        total, active, authenticated, users, table_bytes, generated_at = row
        return {
            "total": total,
            "active": active,
            "expired": total - active,
            "authenticated": authenticated,
            "anonymous": active - authenticated,
            "users": users,
            "store": {**self._store(), "table_bytes": table_bytes},
            "generated_at": generated_at,
        }

    async def sessions_of(self, user_id: int, current: str | None) -> list[ListedSession]:
        """The live sessions of one user, newest first; ``current`` is the reader's public id."""
        return await self._listed({"user_id": user_id, "most": MOST}, current)

    async def newest_sessions(self, most: int, current: str | None) -> list[ListedSession]:
        """The newest live sessions of signed-in users."""
        return await self._listed({"user_id": None, "most": most}, current)

    async def end_session_of(self, user_id: int, public_id: str) -> int:
        """End one session of this user; 0 when it has none of that name."""
        parameters = {"user_id": user_id, "public_id": public_id}
        return await self._database.execute(SQL["end_user_session"], parameters, idempotent=True)

    async def end_others_of(self, user_id: int, current: str | None) -> int:
        """End every session of this user but the current one, and give how many."""
        parameters = {"user_id": user_id, "public_id": current or ""}
        return await self._database.execute(SQL["end_other_sessions"], parameters, idempotent=True)

    async def end_session(self, public_id: str) -> int:
        """End the session of this name, whoever has it; 0 when there is none."""
        return await self._database.execute(
            SQL["end_session"], {"public_id": public_id}, idempotent=True
        )

    async def _listed(self, parameters: dict[str, Any], current: str | None) -> list[ListedSession]:
        parameters |= {"absolute": self._settings.absolute_ttl}
        rows = await self._database.all(SQL["list_sessions"], parameters, idempotent=True)
        return [_listed(row, current) for row in rows]

    def _store(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "type": "postgresql",
            "table": "session",
            "cookie": {
                "name": settings.cookie_name,
                "path": "/",
                "secure": settings.production,
                "http_only": True,
                "same_site": "strict",
                "max_age_seconds": settings.ttl,
            },
            "ttl_seconds": settings.ttl,
            "absolute_ttl_seconds": settings.absolute_ttl,
            "touch_seconds": settings.touch,
            "prune_seconds": settings.prune,
            "resave": False,
            "save_uninitialized": False,
            "rolling": True,
        }


def _listed(row: tuple[Any, ...], current: str | None) -> ListedSession:
    public_id, email, role, created_at, expires_at, ip, user_agent = row
    return ListedSession(
        public_id,
        email,
        role,
        created_at.replace(tzinfo=UTC),
        expires_at.replace(tzinfo=UTC),
        ip,
        user_agent,
        current=public_id == current,
    )
