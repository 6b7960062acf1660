"""The newest sample of the session table, so that a scrape needs no count."""

import asyncio
from contextlib import suppress

from nestmap.database import DatabaseError
from nestmap.sessions import Figures, Sessions

INTERVAL = 5.0  # seconds; some instance takes a sample each minute


class LastSample:
    """``figures`` are those of the newest sample that was read, or None."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.figures: Figures | None = None

    async def run(self) -> None:
        """Read it periodically, until cancelled. The last one is kept while the database is unreachable."""
        while True:
            with suppress(DatabaseError):
                self.figures = await self._sessions.samples.last()
            await asyncio.sleep(INTERVAL)
