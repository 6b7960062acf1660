"""Background work: held, named, logged when it fails, awaited at the end."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("nestmap.background")


class Background:
    """Holds every task that is nobody's request; asyncio itself holds tasks only weakly."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._endless: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str, *, endless: bool = False) -> None:
        """Run it; whatever it raises is logged under its name. Nobody waits for what is endless."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        (self._endless if endless else self._tasks).add(task)
        task.add_done_callback(self._ended)

    async def drain(self, seconds: float) -> bool:
        """Wait for all that ends, at most so long, and cancel the rest; whether all of it ended."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        drained = not self._tasks
        left = [*self._tasks, *self._endless]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return drained

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._endless.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed", task.get_name(), exc_info=error)
