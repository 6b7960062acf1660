"""Removes, in the background, rows that changes with an unknown outcome may have left."""

import asyncio
import logging
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from nestmap.background import Background
from nestmap.database import DatabaseError
from nestmap.sessions.statements import Statements
from nestmap.sessions.writes import Rotate

log = logging.getLogger("nestmap.sessions")

# Seconds before each attempt. During the first ones the change may still be running, and its row is
# not visible; it has ended before the last attempt.
PAUSES = (0.0, 0.7, 1.5, 3.0)

# Seconds to the next attempt after a failed one, and the number of attempts.
RETRY_SECONDS = 3.0
RETRIES = 20


class Leftovers:
    """Removes unreachable rows. If that fails for a minute, a row remains until it expires."""

    def __init__(self, statements: Statements, background: Background) -> None:
        self._statements = statements
        self._background = background

    def of_insert(self, sid: str, committed: Future[Any]) -> None:
        """Remove the row of a new session if its request gave up or failed with an unknown outcome."""
        if committed.cancelled():
            self.discard(sid)
            return
        error = committed.exception()
        if isinstance(error, DatabaseError) and error.unknown:
            self.discard(sid)

    def discard(self, sid: str, *, running: bool = True) -> None:
        """Remove the row of a new sid that was not sent to a client.

        With ``running``, the statement that makes it may still be running.
        """
        step = partial(self._statements.discard, sid)
        self._persist(step, "discard a session", PAUSES if running else PAUSES[:1])

    def settle(self, write: Rotate) -> None:
        """End the old sid of a rotation, after the client got the new one."""
        self._persist(partial(self._statements.settle, write), "settle a rotation", PAUSES)

    def _persist(
        self, step: Callable[[], Awaitable[None]], name: str, pauses: Sequence[float]
    ) -> None:
        self._background.start(_persist(step, name, pauses), name)


async def _persist(step: Callable[[], Awaitable[None]], name: str, pauses: Sequence[float]) -> None:
    failed = False
    for pause in pauses:
        await asyncio.sleep(pause)
        failed = not await _succeeds(step)
    for _ in range(RETRIES):
        if not failed:
            return
        await asyncio.sleep(RETRY_SECONDS)
        failed = not await _succeeds(step)
    log.warning("can't %s: it stays until it expires", name)


async def _succeeds(step: Callable[[], Awaitable[None]]) -> bool:
    try:
        await step()
    except DatabaseError:
        return False
    return True
