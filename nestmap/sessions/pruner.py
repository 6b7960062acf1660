"""The pruner: deletes expired rows in batches, on one instance at a time."""

import asyncio
import logging
import random
import time

from nestmap.database import Database, DatabaseError
from nestmap.queries import queries
from nestmap.sessions.options import SessionOptions

log = logging.getLogger("nestmap.sessions")

BATCH = 1000


class Pruner:
    """Prunes every ``options.prune`` seconds, with jitter, so that instances prune at different times."""

    def __init__(self, database: Database, options: SessionOptions, batch: int = BATCH) -> None:
        self._database = database
        self._seconds = options.prune
        self._batch = batch
        self._sql = queries("sessions/pruning", options.names)
        # The number of deleted rows, and the time of the last pruning (seconds since the epoch, 0: never).
        self.removed = 0
        self.pruned_at = 0.0
        self._lock = f"prune {options.names['table']}"

    async def run(self) -> None:
        """Prune until cancelled. Errors are logged, and the next pruning tries again."""
        while True:
            await asyncio.sleep(self._seconds * random.uniform(0.75, 1.25))  # noqa: S311 (jitter)
            try:
                pruned = await self.prune()
            except DatabaseError as error:
                log.warning("prune failed, will try again: %s", error)
            else:
                if pruned:
                    log.info("pruned %d expired sessions", pruned)

    async def prune(self) -> int:
        """Delete all expired sessions and return their number; 0 while another instance prunes."""
        await self._all_batches("prune_endings", {"batch": self._batch})
        parameters = {"batch": self._batch, "lock": self._lock}
        removed = await self._all_batches("prune_sessions", parameters)
        self.removed += removed
        self.pruned_at = time.time()
        return removed

    async def _all_batches(self, query: str, parameters: dict[str, object]) -> int:
        total = 0
        while True:
            pruned = await self._database.execute(self._sql[query], parameters, idempotent=True)
            total += pruned
            if pruned < self._batch:
                return total
