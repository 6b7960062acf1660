"""Background tasks: referenced, named, logged if they fail, awaited at the end."""

import asyncio
import contextvars
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("nestmap.background")


class Background:
    """Keeps a strong reference to each background task (asyncio keeps a weak one)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._daemons: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str, *, daemon: bool = False) -> None:
        """Run ``work`` as a task. An exception is logged under ``name``.

        ``daemon=True``: ``drain()`` cancels the task instead of waiting for it. The task does not
        inherit the context, so the time limit of the request that started it does not count.
        """
        task = asyncio.get_running_loop().create_task(
            work, name=name, context=contextvars.Context()
        )
        (self._daemons if daemon else self._tasks).add(task)
        task.add_done_callback(self._ended)

    async def drain(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the tasks, then cancel the rest and the daemons.

        Return True if all other tasks ended by themselves.
        """
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        drained = not self._tasks
        left = [*self._tasks, *self._daemons]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return drained

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._daemons.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed", task.get_name(), exc_info=error)
