"""Writes sessions in batches: one statement for several requests.

A change that may be repeated has a name and a deadline, so that it is made once and in time, or not
at all: see docs/decisions/outcomes.md.
"""

import asyncio
from asyncio import Future
from collections.abc import Sequence
from functools import partial
from typing import Any

from nestmap.background import Background
from nestmap.database import Database
from nestmap.sessions.batch_rules import BatchRules
from nestmap.sessions.batcher import Batcher, BatchLimits
from nestmap.sessions.clock import DatabaseClock
from nestmap.sessions.counts import BatchFigures
from nestmap.sessions.leftovers import Leftovers
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.rotations import Rotations
from nestmap.sessions.statements import Statements
from nestmap.sessions.unit import Unit
from nestmap.sessions.writes import End, Insert, Rotate, Touch, Update, Write, Written

# A renewal is optional, so a response waits for it about this long.
TOUCH_LIMITS = BatchLimits(slow_after=0.2, timeout=0.4)


def _sid_of(item: Insert | Update | Rotate | Touch) -> str:
    return item.sid


ORDERED: BatchRules[Any] = BatchRules(_sid_of, repeats=True)
MERGED: BatchRules[Any] = BatchRules(_sid_of, merges=True, repeats=True)
ENDS: BatchRules[Any] = BatchRules(lambda item: item.ids, repeats=True)
RENEWALS: BatchRules[Any] = BatchRules(_sid_of, merges=True)


class SessionStore:
    """Writes sessions. Only DatabaseError and SessionEnded are raised."""

    def __init__(
        self,
        database: Database,
        options: SessionOptions,
        background: Background,
        clock: DatabaseClock,
    ) -> None:
        self._statements = Statements(database, options, clock)
        self._leftovers = Leftovers(self._statements, background)

        statements = self._statements

        def batcher(name: str, send: Any, rules: BatchRules[Any]) -> Batcher[Any, Any]:
            return Batcher(name, send, background, rules=rules)

        insert = batcher("insert_sessions", statements.insert, ORDERED)
        rotate = batcher("rotate_sessions", statements.rotate, ORDERED)
        copy = batcher("copy_sessions", statements.copy, ORDERED)
        self._rotations = Rotations(copy, rotate, insert, self._leftovers, background)
        self._touches: Batcher[Touch, Written | None] = Batcher(
            "touch_sessions",
            self._renew,
            background,
            rules=RENEWALS,
            limits=TOUCH_LIMITS,
        )
        self._batchers = {
            Insert: insert,
            Update: batcher("update_sessions", statements.update, MERGED),
            Rotate: rotate,
            End: batcher("end_sessions", statements.end, ENDS),
        }
        self._counted = [*self._batchers.values(), copy, self._touches]

    @property
    def figures(self) -> list[BatchFigures]:
        """The counters of writes."""
        return [batcher.figures for batcher in self._counted]

    def commit(self, write: Write, waited: float = 0.0) -> Future[Written | None]:
        """Carry out ``write`` and return a future of the row, or of None if there is no row.

        A touch of a session that is gone is not an error; an update of one raises SessionEnded.
        ``waited`` is how many seconds the request has waited for its load: loading and committing
        share one time limit. Overloaded is raised at once.
        """
        since = asyncio.get_running_loop().time() - waited
        match write:
            case Touch():
                return self._touches.submit(write)
            case Rotate() if write.new_sid != write.sid:
                return self._rotations.commit(write, since)
        committed = self._batchers[type(write)].submit(write, since)
        if isinstance(write, Insert):
            committed.add_done_callback(partial(self._leftovers.of_insert, write.sid))
        return committed

    async def _renew(self, units: Sequence[Unit[Touch, Written | None]]) -> list[Written | None]:
        written = await self._statements.touch([unit.item.sid for unit in units])
        return [written.get(unit.item.sid) for unit in units]
