"""The newest sample of the session table, so that no scrape counts it."""

import asyncio
from contextlib import suppress

from nestmap.database import DatabaseError
from nestmap.sessions import Figures, Sessions

INTERVAL = 5.0  # seconds; some instance takes a sample each minute


class LastSample:
    """``figures`` are those of the newest sample that was read, None before the first."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.figures: Figures | None = None

    async def run(self) -> None:
        """Read it again and again, until cancelled. The last one stays while the database is away."""
        while True:
            with suppress(DatabaseError):
                self.figures = await self._sessions.samples.last()
            await asyncio.sleep(INTERVAL)
