"""Reads sessions in batches: live ones with their users, and the reasons of ended ones."""

import logging
import time
from asyncio import Future
from collections.abc import Sequence
from dataclasses import replace
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
    """Reads sessions. Raises DatabaseError, or what the site's load_user raises."""

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
        """The counters of reads."""
        return [self._loads.figures, self._endings.figures]

    def load(self, sid: str) -> Future[Found]:
        """Return the live session with this sid, or None if it is unknown or expired.

        Return Lapsed if its user is gone or has changed the credentials, or if it can't be decoded. An
        exception of the site's load_user is raised for this session alone.
        """
        return self._loads.submit(sid)

    def ending(self, sid: str) -> Future[Lapsed | None]:
        """Return why and when the session with this sid ended, or None if that is unknown."""
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
        # Each request gets its own record, so that requests of one session share no data.
        return [self._found(found.get(sid, [])) for sid in sids]

    def _found(self, rows: list[Row]) -> Found | Exception:
        if len(rows) > 1:
            return self._users.two_rows()
        if not rows:
            return None
        try:
            return self._record(rows[0])
        except Exception as error:
            # The site's load_user may raise anything; it must not fail the other loads of the batch.
            return error

    def _record(self, row: Row) -> Found:
        sid, public_id, document, created, authenticated, expires, ends, is_due, _, *of_user = row
        data = values.decode(document)
        if data is None:
            return Lapsed("unreadable", id=public_id)
        user_id, version, user_row = of_user
        user = self._users.user(user_id, version, user_row)
        if isinstance(user, Lapsed):
            return replace(user, id=public_id)
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
