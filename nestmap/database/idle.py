"""The connections of a pool that no caller uses at present."""

import asyncio
import time

from nestmap.database.connection import Connection
from nestmap.timeouts import TIMEOUTS


class IdleConnections:
    """Connections in the order in which they became idle. One that stays unused is closed."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Connection]] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, connection: Connection) -> None:
        """Keep ``connection`` for the next caller."""
        self._kept.append((time.monotonic(), connection))
        self._schedule()

    def take(self) -> Connection | None:
        """Return the one that was used last, or None: so the others become unused and are closed."""
        return self._kept.pop()[1] if self._kept else None

    def close(self, before: float = float("inf")) -> None:
        """Close those that became idle before this time (time.monotonic()), by default all."""
        while self._kept and self._kept[0][0] < before:
            self._kept.pop(0)[1].close()

    def _schedule(self) -> None:
        if self._kept and self._timer is None:
            since, _ = self._kept[0]
            rest = since + TIMEOUTS.unused_connection - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(rest, self._close_unused)

    def _close_unused(self) -> None:
        self._timer = None
        self.close(time.monotonic() - TIMEOUTS.unused_connection)
        self._schedule()
