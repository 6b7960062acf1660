"""Sessions are written by batches: one statement for what several requests want."""

from asyncio import Future
from collections.abc import Sequence
from typing import Any

from nestmap.background import Background
from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions.batcher import Batcher, BatchLimits
from nestmap.sessions.counts import BatchFigures
from nestmap.sessions.events import Source
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.records import Client
from nestmap.sessions.rows import cookie_object, encode, insert_row, rotate_row, update_row
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

# No request asked for a renewal, so a response waits for one no longer than this.
TOUCH_LIMITS = BatchLimits(slow_after=0.2, timeout=0.4)


class SessionStore:
    """Writes sessions. Only trouble with the database raises (DatabaseError)."""

    def __init__(self, database: Database, options: SessionOptions, background: Background) -> None:
        self._database = database
        self._sql = queries("sessions/sessions", options.names)
        self._recorded = options.events
        self._sign_in = {"recorded": options.events, "most": options.sessions_per_user}
        self._idle = {"idle": options.idle, "absolute": options.absolute}
        self._cookie = {"cookie": cookie_object(options)}
        self._touch = {"touch": options.touch}
        self._hook = {"hook": options.on_sign_in}
        # Two writes of one row may not share a statement.
        self._batchers: dict[type, Batcher[Any, Written | None]] = {
            Insert: Batcher("insert_sessions", self._insert, background, key=_sid_of),
            Update: Batcher("update_sessions", self._update, background, key=_sid_of),
            Rotate: Batcher("rotate_sessions", self._rotate, background, key=_sid_of),
            Touch: Batcher(
                "touch_sessions", self._renew, background, key=_sid_of, limits=TOUCH_LIMITS
            ),
            End: Batcher("end_sessions", self._end, background, key=lambda item: item.ids),
        }

    @property
    def figures(self) -> list[BatchFigures]:
        """What was written so far."""
        return [batcher.figures for batcher in self._batchers.values()]

    def commit(self, write: Write, waited: float = 0.0) -> Future[Written | None]:
        """Carry out ``write`` and return the future row, None if there is nothing to say of it.

        A touch of a session that is gone is no error; an update of one is SessionEnded. ``waited``
        is how long the request has waited for its session before (seconds): loading and committing
        share one time limit. Raises Overloaded at once.
        """
        since = 0.0 if isinstance(write, Touch) else waited
        return self._batchers[type(write)].submit(write, since)

    async def _insert(self, items: Sequence[Insert]) -> list[Written | None]:
        rows = encode([insert_row(item) | self._sign_in for item in items])
        written = await self._write("insert_sessions", {"rows": rows} | self._cookie | self._hook)
        return [written.get(item.sid) for item in items]

    async def _update(self, items: Sequence[Update]) -> list[Written | SessionEnded]:
        rows = encode([update_row(item) for item in items])
        written = await self._write("update_sessions", {"rows": rows} | self._cookie | self._touch)
        return [written.get(item.sid) or SessionEnded() for item in items]

    async def _rotate(self, items: Sequence[Rotate]) -> list[Written | SessionEnded]:
        rows = encode([rotate_row(item) | self._sign_in for item in items])
        written = await self._write("rotate_sessions", {"rows": rows} | self._cookie | self._hook)
        return [written.get(item.sid) or SessionEnded() for item in items]

    async def _renew(self, items: Sequence[Touch]) -> list[Written | None]:
        written = await self._write("touch_sessions", {"sids": [item.sid for item in items]})
        return [written.get(item.sid) for item in items]

    async def _end(self, items: Sequence[End]) -> list[None]:
        ends = {one: item for item in items for one in item.ids}
        parameters = {
            "ids": list(ends),
            "reasons": [item.reason for item in ends.values()],
            "sources": [self._source(item.client) for item in ends.values()],
        }
        await self._database.all(self._sql["end_sessions"], parameters, idempotent=True)
        return [None] * len(items)

    def _source(self, client: Client) -> str | None:
        source = Source(ip=client.ip, user_agent=client.user_agent)
        return source.json() if self._recorded else None

    async def _write(self, query: str, parameters: dict[str, Any]) -> dict[str, Written]:
        rows = await self._database.all(self._sql[query], parameters | self._idle, idempotent=True)
        # A row comes back under the sid that was asked for, and holds the one that is stored now.
        return {asked: Written(*row) for asked, *row in rows}


def _sid_of(item: Insert | Update | Rotate | Touch) -> str:
    return item.sid
