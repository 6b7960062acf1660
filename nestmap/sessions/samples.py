"""Samples of the figures of the session table, taken once a minute by one of the instances."""

import asyncio
import logging
import time
from collections import Counter

import orjson

from nestmap.database import Database, DatabaseError, TimedOut
from nestmap.queries import queries
from nestmap.sessions.figures import Figures, HistoryPoint, NotSampled
from nestmap.sessions.options import SessionOptions

log = logging.getLogger("nestmap.sessions")

# A table with more rows, by PostgreSQL's estimate, is not counted during a request.
COUNTED_ROWS = 200_000


class Samples:
    """Counts sessions. ``reports`` is the database for requests, ``background`` the one for samples.

    Every method but run() may raise DatabaseError.
    """

    def __init__(self, reports: Database, background: Database, options: SessionOptions) -> None:
        self._reports = reports
        self._background = background
        self._seconds = options.sample
        self._absolute = options.absolute
        self._sql = queries("sessions/samples", options.names)

    async def run(self) -> None:
        """Take a sample every ``options.sample`` seconds until cancelled. Errors are logged."""
        while True:
            began = time.monotonic()
            try:
                if await self.take():
                    await self.keep_hours()
            except DatabaseError as error:
                log.warning("taking a sample failed, will try again: %s", error)
            spent = time.monotonic() - began
            await asyncio.sleep(max(self._seconds - spent, self._seconds / 4))

    async def take(self, least: float | None = None) -> bool:
        """Take a sample unless the last one is younger than ``least`` seconds; return True if taken.

        The default of ``least`` is slightly less than the interval of ``run()``.
        """
        seconds = self._seconds * 0.9 if least is None else least
        parameters = {"absolute": self._absolute, "least": seconds}
        rows = await self._background.all(self._sql["take_sample"], parameters)
        return bool(rows[0][0])

    async def keep_hours(self) -> int:
        """Combine the samples older than two days by the hour; return the number of hours."""
        return await self._background.execute(self._sql["keep_hours"])

    async def last(self) -> Figures | None:
        """Return the figures of the newest sample, or None."""
        rows = await self._reports.rows(self._sql["last_sample"], idempotent=True)
        return Figures(**rows[0], exact=False) if rows else None

    async def figures(self, *, patient: bool = False) -> Figures:
        """Return the current figures, or those of the last sample if the table is large.

        ``patient=True`` takes a sample first if the last one is older than a minute. Without it,
        NotSampled is raised if the table is large and there is no sample.
        """
        (row,) = await self._reports.all(self._sql["estimate_rows"], idempotent=True)
        if (row[0] or 0) < COUNTED_ROWS:
            try:
                return await self._counted()
            except TimedOut:
                log.info("counting the sessions took too long; the last sample is shown instead")
        if patient:
            await self.take(60.0)
        if (figures := await self.last()) is None:
            raise NotSampled
        return figures

    async def _counted(self) -> Figures:
        parameters = {"absolute": self._absolute}
        (row,) = await self._reports.rows(self._sql["count_sessions"], parameters, idempotent=True)
        return Figures(**row)

    async def history(self, seconds: int, step: int) -> list[HistoryPoint]:
        """Return the samples of the last ``seconds`` in steps of ``step`` seconds, oldest first."""
        parameters = {"seconds": seconds, "step": step}
        rows = await self._reports.rows(self._sql["find_history"], parameters, idempotent=True)
        return [HistoryPoint(**row | {"events": _summed(row["events"])}) for row in rows]


def _summed(texts: list[str]) -> dict[str, int]:
    """Return the sum of JSON objects with numbers as values."""
    total: Counter[str] = Counter()
    for text in texts:
        total.update(orjson.loads(text))
    return dict(total)
