"""Try something again until it works, and say why it does not: at once, then every few seconds."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nestmap.database.errors import DatabaseError, Locked, TimedOut, Unavailable

# Between two attempts, and between two log lines that say the same (seconds).
PAUSE_SECONDS = 1.0
TELL_SECONDS = 5.0

Result = TypeVar("Result")


class Persistence:
    """Repeats a step for up to ``patience`` seconds while the database is away or locked."""

    def __init__(self, patience: float, log: logging.Logger, pause: float = PAUSE_SECONDS) -> None:
        self._patience = patience
        self._log = log
        self._pause = pause
        self._told = ("", 0.0)

    async def until_it_works(self, what: str, step: Callable[[], Awaitable[Result]]) -> Result:
        """Return what ``step`` returns. After ``patience`` seconds raise the error that it raised."""
        give_up = time.monotonic() + self._patience
        while True:
            try:
                return await step()
            except (Locked, TimedOut, Unavailable) as error:
                if time.monotonic() + self._pause > give_up:
                    raise
                self._tell(what, error)
            await asyncio.sleep(self._pause)

    def _tell(self, what: str, error: DatabaseError) -> None:
        # Not by the message: it may name another process each time.
        subject = f"{what} {type(error).__name__}"
        told, when = self._told
        now = time.monotonic()
        if subject != told or now - when >= TELL_SECONDS:
            self._log.warning("waiting, %s: %s", what, error)
            self._told = subject, now
