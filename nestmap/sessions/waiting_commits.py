"""Ends abandoned commits that wait for a synchronous standby.

PostgreSQL does not end a commit that waits for its standby when the client has disconnected. Each
such commit would keep a connection of the server, until none is left for reading.
"""

import asyncio
import logging
import time

from nestmap.database import Database, DatabaseError, Hosts
from nestmap.queries import queries
from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap.sessions")

CHECK_SECONDS = 1.0


class WaitingCommits:
    """Ends them while statements are given up, and afterwards as long as some may still wait."""

    def __init__(self, hosts: Hosts, database: Database) -> None:
        self._hosts = hosts
        self._database = database
        self._sql = queries("sessions/waiting_commits")

    async def run(self) -> None:
        """Check each second if some may be waiting, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if time.monotonic() - self._hosts.given_up <= TIMEOUTS.commit + 2 * CHECK_SECONDS:
                await self._end()

    async def _end(self) -> None:
        try:
            row = await self._database.one(
                self._sql["end_waiting_commits"], {"seconds": TIMEOUTS.commit}, idempotent=True
            )
        except DatabaseError:
            return
        if row and row[0]:
            log.warning(
                "no synchronous standby answers: ended the wait of %d commits, whose requests were"
                " told that the outcome is not known",
                row[0],
            )
