"""Opens the site as soon as its database can be used, however long that takes."""

import asyncio
from contextlib import suppress

from nestmap.database import Locked, keep_trying
from nestmap.services import Services

# How long a worker that starts leaves new connections to the others (seconds).
GRACE_SECONDS = 2.0


class Opening:
    """The first minutes of a process: it serves before it is ready, but not before it has tried.

    Beside workers that are ready, one that starts must not answer with 503 what they could answer. So
    it takes no connection until it is open, or the database is found to be away, or a moment is over.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tried = asyncio.Event()

    async def run(self) -> str | None:
        """Open the site; return the password of an administrator that was made."""
        return await keep_trying("the site is not ready", self._attempt)

    async def wait(self) -> None:
        """Wait until connections may be taken."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), GRACE_SECONDS)

    async def _attempt(self) -> str | None:
        try:
            password = await self._services.open()
        except Locked:
            raise  # another process makes the schema: it will not be long
        except BaseException:
            self._tried.set()
            raise
        self._tried.set()
        return password
