"""Opens the site as soon as its database can be used."""

import asyncio
from contextlib import suppress

from nestmap.database import Locked, keep_trying
from nestmap.services import Services

# How long a starting worker leaves new connections to the others (seconds).
GRACE_SECONDS = 2.0


class Opening:
    """The start of a process: it accepts connections before it is ready, but after a first attempt.

    A starting worker must not answer 503 to requests that ready workers could answer. So it accepts no
    connection until it is open, or the database is found to be unreachable, or GRACE_SECONDS are over.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tried = asyncio.Event()

    async def run(self) -> str | None:
        """Open the site; return the password of the administrator if one was made."""
        return await keep_trying("the site is not ready", self._attempt)

    async def wait(self) -> None:
        """Wait until connections may be accepted."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), GRACE_SECONDS)

    async def _attempt(self) -> str | None:
        try:
            password = await self._services.open()
        except Locked:
            raise  # another process makes the schema, which is short
        except BaseException:
            self._tried.set()
            raise
        self._tried.set()
        return password
