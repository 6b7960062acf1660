"""The pruner: removes expired rows, in batches, from one instance at a time."""

import asyncio
import logging
import random

from nestmap.database import Database, DatabaseError
from nestmap.queries import queries

log = logging.getLogger("nestmap.sessions")

SQL = queries("pruning")


class Pruner:
    """Prunes every ``seconds`` (with jitter, so that instances do not meet), ``batch`` rows a time."""

    def __init__(self, database: Database, seconds: int, batch: int = 1000) -> None:
        self._database = database
        self._seconds = seconds
        self._batch = batch

    async def run(self) -> None:
        """Prune for ever; trouble is logged and tried again next time."""
        while True:
            await asyncio.sleep(self._seconds * random.uniform(0.75, 1.25))  # noqa: S311 (jitter)
            try:
                pruned = await self.prune()
            except DatabaseError as error:
                log.warning("prune failed, will try again: %s", error)
            else:
                log.info("pruned %d expired sessions", pruned)

    async def prune(self) -> int:
        """Remove every expired session, and give how many; 0 while another instance prunes."""
        total = 0
        while True:
            pruned = await self._database.execute(
                SQL["prune_sessions"], {"batch": self._batch}, idempotent=True
            )
            total += pruned
            if pruned < self._batch:
                return total
