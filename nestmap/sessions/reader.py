"""Sessions are read by batches: the live ones with their users, and why others are gone."""

import logging
import time
from asyncio import Future
from collections.abc import Sequence
from typing import Any

from nestmap.background import Background
from nestmap.database import Database, Prepared, Refused
from nestmap.queries import queries
from nestmap.sessions import values
from nestmap.sessions.batcher import Batcher
from nestmap.sessions.clock import DatabaseClock
from nestmap.sessions.counts import BatchFigures
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.records import Lapsed, Record
from nestmap.sessions.unit import Unit
from nestmap.sessions.user_query import UserQuery

log = logging.getLogger("nestmap.sessions")

CLOCK = 8  # the column of a loaded row that holds the time

DATA_EXCEPTION = "22"  # the class of SQLSTATE

Found = Record | Lapsed | None
Row = tuple[Any, ...]


class SessionReader:
    """Reads sessions. Only trouble with the database raises (DatabaseError)."""

    def __init__(
        self,
        database: Database,
        options: SessionOptions,
        background: Background,
        clock: DatabaseClock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._users = UserQuery(options.user_query, options.load_user)
        self._sql = self._users.put_into(queries("sessions/sessions", options.names))
        self._load_sessions = Prepared("load_sessions", self._sql["load_sessions"])
        self._parameters = {
            "idle": options.idle,
            "absolute": options.absolute,
            "touch": options.touch,
        }
        self._loads: Batcher[str, Found] = Batcher("load_sessions", self._load, background)
        self._endings: Batcher[str, Lapsed | None] = Batcher(
            "find_endings", self._find_endings, background
        )

    @property
    def figures(self) -> list[BatchFigures]:
        """What was read so far."""
        return [self._loads.figures, self._endings.figures]

    def load(self, sid: str) -> Future[Found]:
        """Return the live session of this sid, None if it is unknown or expired.

        It is Lapsed if its user is gone or has other credentials by now, or if it can't be decoded.
        """
        return self._loads.submit(sid)

    def ending(self, sid: str) -> Future[Lapsed | None]:
        """Return why and when the session of this sid ended, None if that is not known."""
        return self._endings.submit(sid)

    async def _load(self, units: Sequence[Unit[str, Found]]) -> list[Found | Exception]:
        sids = [unit.item for unit in units]
        wanted = list(set(sids))
        asked = time.monotonic()
        try:
            rows = await self._database.all(
                self._load_sessions, {"sids": wanted, **self._parameters}, idempotent=True
            )
        except Refused as error:
            if len(wanted) > 1 or not error.sqlstate.startswith(DATA_EXCEPTION):
                raise
            log.warning("a session is treated as gone: its user can't be looked up: %s", error)
            return [Lapsed("account")] * len(sids)
        if rows:
            self._clock.note(rows[0][CLOCK], asked, time.monotonic())
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row)
        # Two requests of one session must not share its data: each gets a record of its own.
        return [self._found(found.get(sid, [])) for sid in sids]

    def _found(self, rows: list[Row]) -> Found | Exception:
        if len(rows) > 1:
            return self._users.two_rows()
        return self._record(rows[0]) if rows else None

    def _record(self, row: Row) -> Found:
        sid, public_id, document, created, authenticated, expires, ends, is_due, _, *of_user = row
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

    async def _find_endings(self, units: Sequence[Unit[str, Lapsed | None]]) -> list[Lapsed | None]:
        sids = [unit.item for unit in units]
        rows = await self._database.all(
            self._sql["find_endings"],
            {"sids": list(set(sids)), "absolute": self._parameters["absolute"]},
            idempotent=True,
        )
        found = {sid: Lapsed(reason, ended_at) for sid, reason, ended_at in rows}
        return [found.get(sid) for sid in sids]
