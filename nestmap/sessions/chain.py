"""Checks a slice of the chain of seals each minute, so that changes of the record are detected.

`python -m nestmap events --verify` checks the whole chain.
"""

import asyncio
import logging

from nestmap.database import Database, DatabaseError
from nestmap.queries import queries

log = logging.getLogger("nestmap.events")

SQL = queries("sessions/events")

INTERVAL = 60.0  # seconds between two slices
LINKS = 1000  # in a slice
MOST_COUNTED = 10_000


class ChainWatch:
    """Checks the chain from its beginning to its end, repeatedly; ``check()`` may raise DatabaseError.

    ``unsealed`` is the number of events without a seal (up to 10,000), ``links`` the number of links
    that were checked since the start, and ``faults`` the number of wrong ones.
    """

    def __init__(self, database: Database, links: int = LINKS) -> None:
        self._database = database
        self._most = links
        self._after = 0
        self._faults_of_walk = 0
        self._faults_of_last_walk = 0
        self._head: tuple[int, str] | None = None
        self._cut = 0
        self.unsealed = 0
        self.links = 0

    @property
    def faults(self) -> int:
        """The number of faults of this pass or the last one, the higher number, with lost heads."""
        return max(self._faults_of_walk, self._faults_of_last_walk) + self._cut

    async def run(self) -> None:
        """Check a slice each minute, until cancelled."""
        while True:
            try:
                await self.check()
            except DatabaseError as error:
                log.debug("the chain of events was not checked: %s", error)
            await asyncio.sleep(INTERVAL)

    async def check(self) -> None:
        """Check the next slice, and that the last head is still in the chain."""
        before = self.faults
        await self._count_unsealed()
        await self._check_links()
        await self._check_head()
        if self.faults > before:
            log.error(
                "the chain of events is broken: run python -m nestmap events --verify, and see"
                " docs/security.md, When something leaks"
            )

    async def _count_unsealed(self) -> None:
        row = await self._database.one(SQL["count_unsealed"], {"most": MOST_COUNTED})
        self.unsealed = row[0] if row else 0

    async def _check_links(self) -> None:
        parameters = {"after": self._after, "most": self._most + 1}
        row = await self._database.one(SQL["verify_links"], parameters, idempotent=True)
        assert row is not None, "an aggregate always gives a row"
        looked, last, faults = row
        self.links += max(0, looked - 1)
        self._faults_of_walk += faults
        if looked > self._most:
            self._after = last
            return
        self._faults_of_last_walk, self._faults_of_walk = self._faults_of_walk, 0
        self._after = 0

    async def _check_head(self) -> None:
        """Check that the last head still exists; pruning keeps it, so otherwise the chain was cut off."""
        if self._head is not None:
            number, head = self._head
            found = await self._database.one(SQL["find_seal"], {"hash": head}, idempotent=True)
            self._cut = 0 if found is not None and found[0] == number else 1
        if not self._cut:
            row = await self._database.one(SQL["find_head"], idempotent=True)
            self._head = (row[0], row[1]) if row else None
