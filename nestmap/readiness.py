"""Readiness: one check of the database a second, also for many requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from nestmap.database import Database, DatabaseError, Hosts, Limits, PoolFigures, SchemaError

SECONDS = 1.0


class Readiness:
    """Checks the database on its own connection, so that busy pools do not make it fail."""

    def __init__(self, hosts: Hosts, faults: Callable[[Database], Awaitable[list[str]]]) -> None:
        self._database = Database(hosts, Limits(connections=1))
        self._faults = faults
        self._looked_at = -SECONDS
        self._found: list[str] = []
        self._look: asyncio.Future[list[str]] | None = None

    @property
    def connections(self) -> PoolFigures:
        """The one connection."""
        return self._database.figures

    async def faults(self) -> list[str]:
        """Return the faults that prevent serving, at most a second old."""
        if self._look is None and time.monotonic() - self._looked_at >= SECONDS:
            self._look = asyncio.ensure_future(self._look_now())
        if self._look is not None:
            # A client that disconnects must not cancel the check of other clients.
            return await asyncio.shield(self._look)
        return self._found

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()

    async def _look_now(self) -> list[str]:
        try:
            self._found = await self._faults(self._database)
        except DatabaseError:
            self._found = ["the database can't be used, and the log says why"]
        except SchemaError as error:
            self._found = [str(error)]
        finally:
            self._looked_at, self._look = time.monotonic(), None
        return self._found
