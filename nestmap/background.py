"""Background tasks: referenced, named, logged if they fail, awaited at the end."""

import asyncio
import contextvars
import logging
import time
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("nestmap.background")

# How often a task is cancelled until it ends, and the seconds between two attempts.
CANCELLATIONS = 20
PAUSE = 0.1


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
        """Wait up to ``seconds`` for the tasks, then cancel the rest and the daemons, until none is left.

        Return True if all other tasks ended by themselves.
        """
        deadline = time.monotonic() + seconds
        # A task may start others before it ends.
        while self._tasks and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        drained = not self._tasks
        await self._cancel_all()
        return drained

    async def _cancel_all(self) -> None:
        """Cancel all tasks until they have ended, and those that they start meanwhile.

        One cancellation is not enough: asyncio.wait_for() of Python 3.11, in which the driver waits for a
        statement, drops it if the answer comes in the same turn of the loop.
        """
        for _ in range(CANCELLATIONS):
            # A task that is cancelled before its first step could not clean up.
            await asyncio.sleep(0)
            if not (tasks := {*self._tasks, *self._daemons}):
                return
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=PAUSE)
        for task in {*self._tasks, *self._daemons}:
            log.error("%s did not end", task.get_name())

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._daemons.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed", task.get_name(), exc_info=error)
