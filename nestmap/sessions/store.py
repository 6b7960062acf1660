"""The session table: one verb for each thing that is done to it, each sent in batches."""

from asyncio import Future
from collections.abc import Sequence
from typing import Any

import orjson

from nestmap.background import Background
from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions import values
from nestmap.sessions.batch import Batch
from nestmap.sessions.lifetimes import Lifetimes
from nestmap.sessions.records import Record, User
from nestmap.sessions.writes import Delete, Insert, SessionEnded, Touch, Update, Written

SQL = queries("sessions")


class SessionStore:
    """Every verb gives the future row, or None when there is no such live session.

    A verb raises Overloaded at once; its future fails with another DatabaseError within the
    patience of a batch, of which the request has ``waited`` so many seconds already.
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
            "cookie": orjson.dumps(
                {
                    "originalMaxAge": lifetimes.idle * 1000,
                    "secure": secure,
                    "httpOnly": True,
                    "path": "/",
                    "sameSite": "strict",
                }
            ).decode(),
        }
        self._loads: Batch[str, Record | None] = Batch("load sessions", self._load, background)
        # Two loads of one sid may share a statement; two writes of one row may not.
        self._inserts: Batch[Insert, Written | None] = Batch(
            "insert sessions", self._insert, background, key=_sid_of
        )
        self._updates: Batch[Update, Written | None] = Batch(
            "update sessions", self._update, background, key=_sid_of
        )
        self._touches: Batch[Touch, Written | None] = Batch(
            "touch sessions", self._touch, background, key=_sid_of
        )
        self._deletes: Batch[Delete, Written | None] = Batch(
            "delete sessions", self._delete, background, key=_sid_of
        )

    def load(self, sid: str) -> Future[Record | None]:
        """The live session of this sid; None when unknown, expired or undecodable."""
        return self._loads.submit(sid)

    def insert(self, item: Insert, waited: float = 0.0) -> Future[Written | None]:
        """Store a new session. An upsert, so that sending it again is harmless."""
        return self._inserts.submit(item, waited)

    def update(self, item: Update, waited: float = 0.0) -> Future[Written | None]:
        """Merge into a live session; never brings back one that was ended (SessionEnded)."""
        return self._updates.submit(item, waited)

    def touch(self, item: Touch, waited: float = 0.0) -> Future[Written | None]:
        """Renew a live session; None when it is gone, which is no error: nothing was to be kept."""
        return self._touches.submit(item, waited)

    def delete(self, item: Delete, waited: float = 0.0) -> Future[Written | None]:
        """Remove a session; None, also when it was gone already."""
        return self._deletes.submit(item, waited)

    async def _load(self, sids: Sequence[str]) -> list[Record | None]:
        rows = await self._reads.all(
            SQL["load_sessions"],
            {"sids": list(set(sids)), "absolute": self._lifetimes.absolute},
            idempotent=True,
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
        rows = [
            {
                "sid": item.sid,
                "data": _document(item.data),
                "user_id": item.user_id,
                "ip": item.client.ip,
                "user_agent": item.client.user_agent,
            }
            for item in items
        ]
        written = await self._write("insert_sessions", {"rows": _json(rows), **self._common})
        return [written.get(item.sid) for item in items]

    async def _update(self, items: Sequence[Update]) -> list[Written | SessionEnded | None]:
        rows = [
            {
                "sid": item.sid,
                "new_sid": item.new_sid,
                "changed": _document(item.changed),
                "removed": item.removed,
                "cleared": item.cleared,
                "reowned": item.reowned,
                "user_id": item.user_id,
                "ip": item.client.ip,
                "user_agent": item.client.user_agent,
            }
            for item in items
        ]
        written = await self._write("update_sessions", {"rows": _json(rows), **self._common})
        instead = [item.instead for item in items if item.instead and item.sid not in written]
        begun = {row.sid: row for row in await self._insert(instead) if row} if instead else {}
        return [
            written.get(item.sid) or begun.get(item.new_sid) or SessionEnded() for item in items
        ]

    async def _touch(self, items: Sequence[Touch]) -> list[Written | None]:
        sids = [item.sid for item in items]
        written = await self._write("touch_sessions", {"sids": sids, **self._common})
        return [written.get(sid) for sid in sids]

    async def _delete(self, items: Sequence[Delete]) -> list[None]:
        await self._write("delete_sessions", {"sids": [item.sid for item in items]})
        return [None] * len(items)

    async def _write(self, query: str, parameters: dict[str, Any]) -> dict[str, Written]:
        rows = await self._writes.all(SQL[query], parameters, idempotent=True)
        # A row comes back under the sid that was asked for, and holds the one that is stored now.
        return {asked: Written(*row) for asked, *row in rows}


def _sid_of(item: Insert | Update | Touch | Delete) -> str:
    return item.sid


def _document(texts: dict[str, bytes]) -> dict[str, orjson.Fragment]:
    return {key: orjson.Fragment(text) for key, text in texts.items()}


def _json(rows: list[dict[str, Any]]) -> str:
    # One parameter for a whole batch: quoting nine arrays cost a tenth of the time of a write.
    return orjson.dumps(rows).decode()
