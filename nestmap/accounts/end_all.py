"""End all sessions of everybody, at any size: first the versions of all accounts, then all rows.

The versions alone make the sessions of users invalid; rows that are left are those of visitors. Both
steps work in batches, and a run that was cut continues where it stopped when it is repeated.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from nestmap.accounts.administration import Administration
from nestmap.database import DatabaseError
from nestmap.sessions import Source
from nestmap.sessions.admin import SessionAdmin
from nestmap.sessions.ending import Progress

log = logging.getLogger("nestmap.accounts")

PAUSE = 2.0  # seconds, after an error of the database
LOG_EVERY = 10.0  # seconds
LAST_ID = 2**63 - 1

Result = TypeVar("Result")


class EndAll:
    """Ends all sessions. ``source`` is the actor, for the events."""

    def __init__(self, administration: Administration, sessions: SessionAdmin) -> None:
        self._administration = administration
        self._sessions = sessions

    async def begin(self, source: Source) -> None:
        """Add the event that it begins. Raises DatabaseError."""
        await self._administration.note_all_sessions_ended(source, state="begun")

    async def run(
        self, source: Source, accounts: Progress, sessions: Progress, *, patient: bool = False
    ) -> int:
        """End all sessions, add the event that it is done, and return the number of sessions.

        ``accounts`` and ``sessions`` are called with the numbers so far. Raises DatabaseError,
        except with ``patient``: then a step is tried until it succeeds.
        """
        steps = _Steps(patient=patient)
        changed = await self._change_versions(steps, accounts)
        end_all = partial(self._sessions.end_all, source=source, progress=sessions)
        ended = await steps.take(end_all)
        note = partial(self._administration.note_all_sessions_ended, source)
        await steps.take(partial(note, state="done", accounts=changed, sessions=ended))
        return ended

    async def run_in_background(self, source: Source) -> None:
        """Do the same in a background task: log the progress and the end."""
        try:
            ended = await self.run(source, _teller("accounts"), _teller("sessions"), patient=True)
        except asyncio.CancelledError:
            log.warning("ending all sessions was cut by the stop: repeat it to end the others")
            raise
        log.info("all sessions were ended: %d", ended)

    async def _change_versions(self, steps: "_Steps", progress: Progress) -> int:
        """Change the versions of all accounts and return the number of accounts.

        It begins after the account where a run was cut, and comes to those before it at the end.
        """
        administration = self._administration
        begin, total = await steps.take(administration.last_changed_version), 0
        for first, until in ((begin, LAST_ID), (0, begin)):
            after = first
            while ids := await steps.take(partial(administration.change_versions, after, until)):
                after = max(ids)
                total += len(ids)
                progress(total)
        await steps.take(administration.all_versions_changed)
        return total


class _Steps:
    """Takes the steps, each of which may be repeated; with ``patient`` until it succeeds."""

    def __init__(self, *, patient: bool) -> None:
        self._patient = patient

    async def take(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """Take a step and return its result."""
        while True:
            try:
                return await step()
            except DatabaseError as error:
                if not self._patient:
                    raise
                log.warning("ending all sessions continues after an error: %s", error)
            await asyncio.sleep(PAUSE)


def _teller(what: str) -> Progress:
    """Return a function that logs the number from time to time."""
    told = time.monotonic()

    def tell(count: int) -> None:
        nonlocal told
        if time.monotonic() - told >= LOG_EVERY:
            told = time.monotonic()
            log.info("ending all sessions: %d %s so far", count, what)

    return tell
