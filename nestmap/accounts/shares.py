"""A queue with shares: each client waits behind its own work, not behind everyone's."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nestmap.accounts.errors import TooManySignIns

Result = TypeVar("Result")


class SharedQueue:
    """Runs work in ``threads`` threads; shares that have work waiting take turns.

    Up to ``each`` pieces of work wait in one share; one more is TooManySignIns. Up to ``total`` wait
    altogether; one more takes the place of the newest in the longest share, unless its own share is
    as long. So a client that waits behind nothing of its own always gets in.
    """

    def __init__(self, threads: int, *, each: int, total: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._threads = threads
        self._each = each
        self._total = total
        self._shares: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting = 0
        self._running = 0

    async def run(self, share: str, work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns, or raise what it raises."""
        if self._running >= self._threads:
            await self._turn(share)
        else:
            self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._running -= 1
            self._next()

    def close(self) -> None:
        """Let what runs end, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _turn(self, share: str) -> None:
        """Wait for a thread; it is counted as running when this returns."""
        if self._waiting >= self._total:
            self._drop_from_longest(than=len(self._shares.get(share, ())))
        queue = self._shares.setdefault(share, deque())
        if len(queue) >= self._each:
            raise TooManySignIns
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._running -= 1
                self._next()
            raise

    def _drop_from_longest(self, than: int) -> None:
        """Refuse the newest work of the longest share; TooManySignIns if none is longer than that."""
        longest = max(self._shares, key=lambda share: len(self._shares[share]))
        queue = self._shares[longest]
        if len(queue) <= than + 1:
            raise TooManySignIns
        dropped = queue.pop()
        self._waiting -= 1
        if not dropped.done():
            dropped.set_exception(TooManySignIns())

    def _next(self) -> None:
        """Start the work that is first in the share whose turn it is."""
        while self._shares and self._running < self._threads:
            share, queue = self._shares.popitem(last=False)
            turn = queue.popleft()
            self._waiting -= 1
            if queue:
                self._shares[share] = queue
            if not turn.done():
                self._running += 1
                turn.set_result(None)
