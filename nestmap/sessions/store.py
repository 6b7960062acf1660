"""The session table: sessions are loaded and written by batches."""

import logging
from asyncio import Future
from collections.abc import Sequence
from typing import Any

import orjson

from nestmap.background import Background
from nestmap.database import Database, Refused
from nestmap.queries import queries
from nestmap.sessions import values
from nestmap.sessions.batcher import Batcher, BatchLimits
from nestmap.sessions.events import Source
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.records import Client, Lapsed, Record
from nestmap.sessions.user_query import UserQuery
from nestmap.sessions.writes import (
    End,
    Insert,
    Rotate,
    SessionEnded,
    Touch,
    Update,
    Write,
    Written,
)

log = logging.getLogger("nestmap.sessions")

# No request asked for a renewal, so a response waits for one no longer than this.
TOUCH_LIMITS = BatchLimits(slow_after=0.2, timeout=0.4)

DATA_EXCEPTION = "22"  # the class of SQLSTATE


class SessionStore:
    """Loads and writes sessions. Only trouble with the database raises (DatabaseError)."""

    def __init__(
        self, reads: Database, writes: Database, options: SessionOptions, background: Background
    ) -> None:
        self._reads = reads
        self._writes = writes
        self._users = UserQuery(options.user_query, options.load_user)
        self._sql = self._users.put_into(queries("sessions/sessions", options.names))
        self._hook = options.on_sign_in
        self._sign_in = {"recorded": options.events, "most": options.sessions_per_user}
        self._idle = {"idle": options.idle, "absolute": options.absolute}
        self._touch = {**self._idle, "touch": options.touch}
        self._cookie = {"cookie": _cookie_object(options)}
        self._loads: Batcher[str, Record | Lapsed | None] = Batcher(
            "load_sessions", self._load, background
        )
        self._endings: Batcher[str, Lapsed | None] = Batcher(
            "find_endings", self._find_endings, background
        )
        # Two loads of one sid may share a statement; two writes of one row may not.
        self._batchers: dict[type, Batcher[Any, Written | None]] = {
            Insert: Batcher("insert_sessions", self._insert, background, key=_sid_of),
            Update: Batcher("update_sessions", self._update, background, key=_sid_of),
            Rotate: Batcher("rotate_sessions", self._rotate, background, key=_sid_of),
            Touch: Batcher(
                "touch_sessions", self._touch_all, background, key=_sid_of, limits=TOUCH_LIMITS
            ),
            End: Batcher("end_sessions", self._end, background, key=lambda item: item.ids),
        }

    def load(self, sid: str) -> Future[Record | Lapsed | None]:
        """Return the live session of this sid; None if it is unknown, expired or can't be decoded.

        It is Lapsed if its user is gone, or has other credentials by now.
        """
        return self._loads.submit(sid)

    def ending(self, sid: str, waited: float = 0.0) -> Future[Lapsed | None]:
        """Return why and when the session of this sid ended, None if that is not known."""
        return self._endings.submit(sid, waited)

    def commit(self, write: Write, waited: float = 0.0) -> Future[Written | None]:
        """Carry out ``write`` and return the future row, None if there is nothing to say of it.

        A touch of a session that is gone is no error; an update of one is SessionEnded. ``waited``
        is how long the request has waited for its session before (seconds): loading and committing
        share one time limit. Raises Overloaded at once.
        """
        since = 0.0 if isinstance(write, Touch) else waited
        return self._batchers[type(write)].submit(write, since)

    async def _load(self, sids: Sequence[str]) -> list[Record | Lapsed | Exception | None]:
        try:
            rows = await self._reads.all(
                self._sql["load_sessions"],
                {"sids": list(set(sids)), **self._touch},
                idempotent=True,
            )
        except Refused as error:
            if len(set(sids)) > 1 or not error.sqlstate.startswith(DATA_EXCEPTION):
                raise
            log.warning("a session is treated as gone: its user can't be looked up: %s", error)
            return [Lapsed("account")] * len(sids)
        found: dict[str, Record | Lapsed | Exception | None] = {}
        for row in rows:
            found[row[0]] = self._record(row) if row[0] not in found else self._users.two_rows()
        return [found.get(sid) for sid in sids]

    def _record(self, row: tuple[Any, ...]) -> Record | Lapsed | None:
        sid, public_id, document, created, authenticated, expires, ends, is_due, *of_user = row
        data = values.decode(document)
        if data is None:
            return Lapsed("unreadable", id=public_id)
        user_id, version, user_row = of_user
        user = self._users.user(user_id, version, user_row)
        if isinstance(user, Lapsed):
            return user
        return Record(
            sid=sid,
            id=public_id,
            data=data,
            created_at=created,
            authenticated_at=authenticated,
            expires_at=expires,
            absolute_expires_at=ends,
            user_id=user_id,
            user=user,
            is_due=is_due,
        )

    async def _find_endings(self, sids: Sequence[str]) -> list[Lapsed | None]:
        rows = await self._reads.all(
            self._sql["find_endings"],
            {"sids": list(set(sids)), "absolute": self._idle["absolute"]},
            idempotent=True,
        )
        found = {sid: Lapsed(reason, ended_at) for sid, reason, ended_at in rows}
        return [found.get(sid) for sid in sids]

    async def _insert(self, items: Sequence[Insert]) -> list[Written | None]:
        rows = [
            {"sid": item.sid, "id": item.id, "data": _document(item.data), "named": item.named}
            | _owner_and_client(item)
            | self._sign_in
            for item in items
        ]
        written = await self._write(
            "insert_sessions", {"rows": _json(rows), "hook": self._hook, **self._idle}
        )
        return [written.get(item.sid) for item in items]

    async def _update(self, items: Sequence[Update]) -> list[Written | SessionEnded]:
        rows = [
            {
                "sid": item.sid,
                "changed": _document(item.changed),
                "removed": item.removed,
                "replaces": item.replaces,
                "ip": item.client.ip,
                "user_agent": item.client.user_agent,
            }
            for item in items
        ]
        written = await self._write("update_sessions", {"rows": _json(rows), **self._touch})
        return [written.get(item.sid) or SessionEnded() for item in items]

    async def _rotate(self, items: Sequence[Rotate]) -> list[Written | SessionEnded]:
        rows = [
            {
                "sid": item.sid,
                "new_sid": item.new_sid,
                "new_id": item.new_id,
                "changed": _document(item.changed),
                "removed": item.removed,
                "replaces": item.replaces,
                "named": item.named,
                "signs_in": item.owner is not None,
                "confirms": item.confirms,
                "takes": item.takes,
            }
            | _owner_and_client(item)
            | self._sign_in
            for item in items
        ]
        written = await self._write(
            "rotate_sessions", {"rows": _json(rows), "hook": self._hook, **self._idle}
        )
        return [written.get(item.sid) or SessionEnded() for item in items]

    async def _touch_all(self, items: Sequence[Touch]) -> list[Written | None]:
        sids = [item.sid for item in items]
        rows = await self._writes.all(
            self._sql["touch_sessions"], {"sids": sids, **self._idle}, idempotent=True
        )
        written = {asked: Written(*row) for asked, *row in rows}
        return [written.get(sid) for sid in sids]

    async def _end(self, items: Sequence[End]) -> list[None]:
        ends = {one: item for item in items for one in item.ids}
        await self._writes.all(
            self._sql["end_sessions"],
            {
                "ids": list(ends),
                "reasons": [item.reason for item in ends.values()],
                "sources": [self._source(item.client) for item in ends.values()],
            },
            idempotent=True,
        )
        return [None] * len(items)

    def _source(self, client: Client) -> str | None:
        source = Source(ip=client.ip, user_agent=client.user_agent)
        return source.json() if self._sign_in["recorded"] else None

    async def _write(self, query: str, parameters: dict[str, Any]) -> dict[str, Written]:
        rows = await self._writes.all(self._sql[query], parameters | self._cookie, idempotent=True)
        # A row comes back under the sid that was asked for, and holds the one that is stored now.
        return {asked: Written(*row) for asked, *row in rows}


def _cookie_object(options: SessionOptions) -> str:
    """Return the cookie object that express-session expects in each stored document."""
    return orjson.dumps(
        {
            "originalMaxAge": options.idle * 1000,
            "secure": options.secure,
            "httpOnly": True,
            "path": options.path,
            "sameSite": options.same_site.lower(),
        }
    ).decode()


def _sid_of(item: Insert | Update | Rotate | Touch) -> str:
    return item.sid


def _owner_and_client(item: Insert | Rotate) -> dict[str, Any]:
    owner = item.owner
    return {
        "user_id": owner.user_id if owner else None,
        "user_version": owner.user_version if owner else None,
        "idle": owner.idle if owner else None,
        "absolute": owner.absolute if owner else None,
        "ip": item.client.ip,
        "user_agent": item.client.user_agent,
    }


def _document(texts: dict[str, bytes]) -> dict[str, orjson.Fragment]:
    return {key: orjson.Fragment(text) for key, text in texts.items()}


def _json(rows: list[dict[str, Any]]) -> str:
    # One parameter for a whole batch: quoting nine arrays cost a tenth of the time of a write.
    return orjson.dumps(rows).decode()
