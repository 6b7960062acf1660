"""The statements that write sessions: units become rows of parameters, and rows become results."""

import time
from collections.abc import Sequence
from typing import Any

from nestmap.database import Database, DatabaseError
from nestmap.queries import queries
from nestmap.sessions.clock import DatabaseClock, new_name
from nestmap.sessions.delivery import Late
from nestmap.sessions.events import Source
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.records import Client
from nestmap.sessions.rows import cookie_object, encode, insert_row, rotate_row, update_row
from nestmap.sessions.unit import Unit
from nestmap.sessions.writes import (
    End,
    Insert,
    Rotate,
    SessionEnded,
    Update,
    Written,
    merged,
)
from nestmap.timeouts import TIMEOUTS

RowResult = Written | SessionEnded | Late

LATE = Late("the row was locked too late for this change")


class Statements:
    """Sends statements once; Delivery repeats them. All methods may raise DatabaseError."""

    def __init__(self, database: Database, options: SessionOptions, clock: DatabaseClock) -> None:
        self._database = database
        self._clock = clock
        self._sql = queries("sessions/sessions", options.names)
        self._recorded = options.events
        # The settings of the site for the row of a new sid.
        self._site = {"recorded": options.events, "most": options.sessions_per_user}
        self._lifetimes = {"idle": options.idle, "absolute": options.absolute}
        self._row_settings = {"cookie": cookie_object(options)} | self._lifetimes
        self._touch = {"touch": options.touch}
        self._hook = {"hook": options.on_sign_in}

    async def insert(self, units: Sequence[Unit[Insert, Written]]) -> list[RowResult]:
        """Store new sessions."""
        await self._give_names(units)
        rows = [insert_row(unit.item) | self._site | _deadline(unit) for unit in units]
        return await self._write("insert_sessions", units, rows, self._row_settings | self._hook)

    async def update(self, units: Sequence[Unit[Update, Written]]) -> list[RowResult]:
        """Merge changes into sessions; the changes of one unit are merged first."""
        await self._give_names(units)
        rows = [update_row(merged(unit.items)) | _named(unit) for unit in units]
        more = {"passed": self._clock.passed()}
        return await self._write(
            "update_sessions", units, rows, self._row_settings | self._touch | more
        )

    async def copy(self, units: Sequence[Unit[Rotate, Written]]) -> list[RowResult]:
        """Store copies of sessions under their new sids."""
        await self._give_names(units)
        rows = [rotate_row(unit.item) | _deadline(unit) for unit in units]
        return await self._write("copy_sessions", units, rows, self._row_settings)

    async def rotate(self, units: Sequence[Unit[Rotate, Written]]) -> list[RowResult]:
        """Replace the copies with the sessions, under their new sids."""
        await self._give_names(units)
        rows = [rotate_row(unit.item) | self._site | _named(unit) for unit in units]
        more = {"passed": self._clock.passed()}
        return await self._write(
            "rotate_sessions", units, rows, self._row_settings | self._hook | more
        )

    async def touch(self, sids: list[str]) -> dict[str, Written]:
        """Renew sessions and return the renewed ones, by sid."""
        rows = await self._database.all(
            self._sql["touch_sessions"], {"sids": sids} | self._lifetimes, idempotent=True
        )
        return {asked: Written(*row) for asked, *row in rows}

    async def end(self, units: Sequence[Unit[End, None]]) -> list[Late | None]:
        """End sessions."""
        await self._give_names(units)
        ends = {one: unit for unit in units for one in unit.item.ids}
        parameters = {
            "ids": list(ends),
            "reasons": [unit.item.reason for unit in ends.values()],
            "sources": [self._source(unit.item.client) for unit in ends.values()],
            "untils": [unit.deadline for unit in ends.values()],
        }
        rows = await self._database.all(self._sql["end_sessions"], parameters)
        late = {row[0] for row in rows}
        if late:
            self._clock.doubt()
        return [LATE if late.intersection(unit.item.ids) else None for unit in units]

    async def discard(self, sid: str) -> None:
        """Delete a session whose sid was not sent to a client."""
        await self._database.all(self._sql["discard_sessions"], {"sids": [sid]}, idempotent=True)

    async def settle(self, item: Rotate) -> None:
        """End the old sid of a rotation if it still exists; the copy replaces the session."""
        rows = encode([rotate_row(item) | self._site])
        await self._database.all(self._sql["settle_rotations"], {"rows": rows}, idempotent=True)

    async def _give_names(self, units: Sequence[Unit[Any, Any]]) -> None:
        """Set the name and the deadline of each unit that is sent for the first time."""
        if not self._clock.is_known:
            await self._ask_for_the_time()
        for unit in units:
            if unit.name is None:
                unit.deadline = self._clock.at(unit.since + TIMEOUTS.request)
                unit.name = new_name(unit.deadline)

    async def _ask_for_the_time(self) -> None:
        asked = time.monotonic()
        try:
            ((clock,),) = await self._database.all(self._sql["find_clock"], idempotent=True)
        except DatabaseError as error:
            # Nothing was sent yet.
            error.unknown = False
            raise
        self._clock.note(clock, asked, time.monotonic())

    async def _write(
        self,
        query: str,
        units: Sequence[Unit[Any, Written]],
        rows: list[dict[str, Any]],
        parameters: dict[str, Any],
    ) -> list[RowResult]:
        found = await self._database.all(self._sql[query], parameters | {"rows": encode(rows)})
        written: dict[str, Written | Late] = {}
        for asked, *row in found:
            # The first column is the sid of the request, the second the sid that is stored now. An update
            # may return two rows for a session: the first is from this attempt, and says if it was renewed.
            written.setdefault(asked, LATE if row[0] is None else Written(*row))
        if LATE in written.values():
            self._clock.doubt()
        return [written.get(unit.item.sid) or SessionEnded() for unit in units]

    def _source(self, client: Client) -> str | None:
        source = Source(ip=client.ip, user_agent=client.user_agent)
        return source.json() if self._recorded else None


def _deadline(unit: Unit[Any, Any]) -> dict[str, Any]:
    return {"until": unit.deadline}


def _named(unit: Unit[Any, Any]) -> dict[str, Any]:
    return {"write": unit.name, "until": unit.deadline}
