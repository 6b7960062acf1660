"""Repeats a step until it works, and logs the cause: at once, then every few seconds."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nestmap.database.errors import DatabaseError, Locked, TimedOut, Unavailable
from nestmap.database.migration_files import SchemaError

# Between two attempts, and between two equal log lines (seconds). While a statement waits for a
# lock, statements of other programs wait behind it, so they need time in between.
PAUSE_SECONDS = 0.25
PAUSE_AFTER_LOCK_SECONDS = 1.0
TELL_SECONDS = 5.0

log = logging.getLogger("nestmap.database")

# Errors that may end by themselves.
PASSING = (Locked, TimedOut, Unavailable)

# Errors that an operator may repair: by granting a right, by restoring a file or a table.
MENDABLE = (DatabaseError, SchemaError)

Result = TypeVar("Result")


class Persistence:
    """Repeats a step for up to ``patience`` seconds while it raises one of ``errors``."""

    def __init__(
        self,
        patience: float,
        log: logging.Logger,
        *,
        errors: tuple[type[Exception], ...] = PASSING,
        pause: float | None = None,
    ) -> None:
        self._patience = patience
        self._log = log
        self._errors = errors
        self._pause = pause
        self._told = ("", 0.0)

    async def until_it_works(self, what: str, step: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of ``step``. After ``patience`` seconds, raise its last error."""
        began = time.monotonic()
        attempts = 0
        while True:
            try:
                return await step()
            except self._errors as error:
                waited = time.monotonic() - began
                pause = self._pause_after(error)
                if waited + pause > self._patience:
                    raise
                attempts += 1
                self._tell(what, error, f"{attempts} attempts, {waited:.0f} s")
            await asyncio.sleep(pause)

    def _pause_after(self, error: Exception) -> float:
        if self._pause is not None:
            return self._pause
        return PAUSE_AFTER_LOCK_SECONDS if isinstance(error, Locked) else PAUSE_SECONDS

    def _tell(self, what: str, error: Exception, so_far: str) -> None:
        # Compare types, since a message may name another process each time.
        subject = f"{what} {type(error).__name__}"
        told, when = self._told
        now = time.monotonic()
        if subject != told or now - when >= TELL_SECONDS:
            self._log.warning("waiting, %s: %s (%s)", what, error, so_far)
            self._told = subject, now


async def keep_trying(
    what: str, step: Callable[[], Awaitable[Result]], seconds: float = float("inf")
) -> Result:
    """Return the result of ``step``; repeat it for up to ``seconds`` while it can't use the database.

    It is also repeated after a SchemaError or a refusal: an operator may repair the schema meanwhile.
    ``what`` is the name of the step in the log.
    """
    persistence = Persistence(seconds, log, errors=MENDABLE)
    return await persistence.until_it_works(what, step)
