"""The session table: one verb for each thing that is done to it, each sent in batches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nestmap.background import Background
from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions import values
from nestmap.sessions.batch import Batch
from nestmap.sessions.lifetimes import Lifetimes
from nestmap.sessions.session import Client, Record, User

SQL = queries("sessions")


@dataclass(frozen=True, slots=True)
class Insert:
    """Store a session whose sid was made in this request; ``data`` is JSON text by key."""

    sid: str
    data: dict[str, str]
    user_id: int | None
    client: Client


@dataclass(frozen=True, slots=True)
class Update:
    """Merge changes into a stored session, under ``new_sid`` from then on."""

    sid: str
    new_sid: str
    changed: dict[str, str]
    removed: list[str]
    cleared: bool
    reowned: bool
    user_id: int | None
    client: Client


@dataclass(frozen=True, slots=True)
class Touch:
    """Renew the expiry and nothing else."""

    sid: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the session."""

    sid: str


@dataclass(frozen=True, slots=True)
class Written:
    """The row that a statement wrote, by its sid; times are seconds since the epoch."""

    sid: str
    created_at: float
    expires_at: float


class SessionStore:
    """Every verb awaits its row, or None when there is no such live session.

    Raises DatabaseError: Overloaded at once, anything else within the patience of a batch.
    """

    def __init__(
        self,
        reads: Database,
        writes: Database,
        lifetimes: Lifetimes,
        background: Background,
        *,
        secure: bool,
    ) -> None:
        self._reads = reads
        self._writes = writes
        self._lifetimes = lifetimes
        # What every statement needs to know: lifetimes, and the cookie object that express-session
        # expects in each stored document (without it, it answers 500).
        self._common = {
            "idle": lifetimes.idle,
            "absolute": lifetimes.absolute,
            "cookie": json.dumps(
                {
                    "originalMaxAge": lifetimes.idle * 1000,
                    "secure": secure,
                    "httpOnly": True,
                    "path": "/",
                    "sameSite": "strict",
                }
            ),
        }
        self._loads = Batch("load sessions", self._load, background)
        # Two loads of one sid may share a statement; two writes of one row may not.
        self._inserts = Batch("insert sessions", self._insert, background, key=_sid_of)
        self._updates = Batch("update sessions", self._update, background, key=_sid_of)
        self._touches = Batch("touch sessions", self._touch, background, key=_sid_of)
        self._deletes = Batch("delete sessions", self._delete, background, key=_sid_of)

    async def load(self, sid: str) -> Record | None:
        """The live session of this sid; None when unknown, expired or undecodable."""
        return await self._loads.submit(sid)

    async def insert(self, item: Insert) -> Written | None:
        """Store a new session. An upsert, so that sending it again is harmless."""
        return await self._inserts.submit(item)

    async def update(self, item: Update) -> Written | None:
        """Merge into a live session; never brings back one that was ended."""
        return await self._updates.submit(item)

    async def touch(self, item: Touch) -> Written | None:
        """Renew a live session."""
        return await self._touches.submit(item)

    async def delete(self, item: Delete) -> Written | None:
        """Remove a session; None when it was gone already, which is as good."""
        return await self._deletes.submit(item)

    async def _load(self, sids: Sequence[str]) -> list[Record | None]:
        rows = await self._reads.all(
            SQL["load_sessions"],
            {"sids": list(set(sids)), "absolute": self._lifetimes.absolute},
            repeat=True,
        )
        found = {row[0]: row for row in rows}
        return [self._record(found.get(sid)) for sid in sids]

    def _record(self, row: tuple[Any, ...] | None) -> Record | None:
        if row is None:
            return None
        sid, sess, created_at, expires_at, now, owner_id, email, role = row
        data = values.decode(sess)
        if data is None:
            return None
        return Record(
            sid=sid,
            data=data,
            created_at=created_at,
            expires_at=expires_at,
            owner_id=owner_id,
            user=User(owner_id, email, role) if role else None,
            due=self._lifetimes.due(now, created_at, expires_at),
        )

    async def _insert(self, items: Sequence[Insert]) -> list[Written | None]:
        return await self._write(
            "insert_sessions",
            items,
            {
                "data": [_document(item.data) for item in items],
                "user_ids": [item.user_id for item in items],
                **_clients(items),
                **self._common,
            },
        )

    async def _update(self, items: Sequence[Update]) -> list[Written | None]:
        return await self._write(
            "update_sessions",
            items,
            {
                "new_sids": [item.new_sid for item in items],
                "changed": [_document(item.changed) for item in items],
                "removed": [json.dumps(item.removed) for item in items],
                "cleared": [item.cleared for item in items],
                "reowned": [item.reowned for item in items],
                "user_ids": [item.user_id for item in items],
                **_clients(items),
                **self._common,
            },
        )

    async def _touch(self, items: Sequence[Touch]) -> list[Written | None]:
        lifetimes = {"idle": self._lifetimes.idle, "absolute": self._lifetimes.absolute}
        return await self._write("touch_sessions", items, lifetimes)

    async def _delete(self, items: Sequence[Delete]) -> list[Written | None]:
        return await self._write("delete_sessions", items, {})

    async def _write(
        self, query: str, items: Sequence[Any], parameters: dict[str, Any]
    ) -> list[Written | None]:
        sids = [item.sid for item in items]
        rows = await self._writes.all(SQL[query], {"sids": sids, **parameters}, repeat=True)
        # Rows come back under the sid that was asked for, and hold the one that is stored now.
        written = {asked: Written(*row) for asked, *row in rows}
        return [written.get(sid) for sid in sids]


def _sid_of(item: Insert | Update | Touch | Delete) -> str:
    return item.sid


def _document(texts: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{text}" for key, text in texts.items()) + "}"


def _clients(items: Sequence[Insert] | Sequence[Update]) -> dict[str, list[str | None]]:
    return {
        "ips": [item.client.ip for item in items],
        "user_agents": [item.client.user_agent for item in items],
    }
