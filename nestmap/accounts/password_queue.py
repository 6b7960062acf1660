"""The queue of passwords to check, with shares: a client waits behind its own work, not behind all others.

Shares of known clients and shares of unknown ones are two rings that take turns. So a known client
waits for one other piece of work, also if there are many unknown clients.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nestmap.accounts.errors import TooManySignIns

Result = TypeVar("Result")

# The waiting work, by share.
Ring = OrderedDict[str, deque[asyncio.Future[None]]]


class PasswordQueue:
    """Runs work in ``threads`` threads; shares with waiting work take turns.

    Up to ``each`` pieces of work can wait in one share; another one raises TooManySignIns. Up to
    ``total`` can wait in all; another one replaces the newest in the longest share of an unknown
    client, unless its own share is unknown and as long. So a client without waiting work gets in if
    others have more, and a known client always gets in.
    """

    def __init__(self, threads: int, *, each: int, total: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._threads = threads
        self._each = each
        self._total = total
        self._unknown: Ring = OrderedDict()
        self._known: Ring = OrderedDict()
        self._is_turn_of_known = True
        self._waiting = 0
        self._running = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """The number of waiting pieces of work."""
        return self._waiting

    @property
    def running(self) -> int:
        """The number of busy threads."""
        return self._running

    async def run(
        self, share: str, work: Callable[[], Result], *, is_known: bool = False
    ) -> Result:
        """Run ``work`` and return its result. Raises TooManySignIns if it can't wait."""
        if self._running >= self._threads:
            try:
                await self._turn(share, is_known=is_known)
            except TooManySignIns:
                self.refused += 1
                raise
        else:
            self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._running -= 1
            self._next()

    def close(self) -> None:
        """Finish running work, and drop waiting work."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _turn(self, share: str, *, is_known: bool) -> None:
        """Wait for a thread; it is counted as running when this returns."""
        ring = self._known if is_known else self._unknown
        waiting = len(ring.get(share, ()))
        if waiting >= self._each:
            raise TooManySignIns
        if self._waiting >= self._total:
            self._make_room(than=0 if is_known else waiting + 1)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ring.setdefault(share, deque()).append(turn)
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._running -= 1
                self._next()
            raise

    def _make_room(self, than: int) -> None:
        """Refuse the newest work in the longest unknown share.

        Raise TooManySignIns if none is longer.
        """
        shares = self._unknown
        longest = max(shares, key=lambda share: len(shares[share]), default=None)
        if longest is None or len(shares[longest]) <= than:
            raise TooManySignIns
        dropped = shares[longest].pop()
        if not shares[longest]:
            del shares[longest]
        self._waiting -= 1
        if not dropped.done():
            dropped.set_exception(TooManySignIns())

    def _next(self) -> None:
        """Start the first work of the next share."""
        while self._waiting and self._running < self._threads:
            ring = self._known if self._is_turn_of_known else self._unknown
            self._is_turn_of_known = not self._is_turn_of_known
            turn = _first_of(ring)
            if turn is None:
                continue
            self._waiting -= 1
            if not turn.done():
                self._running += 1
                turn.set_result(None)


def _first_of(ring: Ring) -> asyncio.Future[None] | None:
    """Take the first work of the first share, and move this share to the end."""
    if not ring:
        return None
    share, queue = ring.popitem(last=False)
    turn = queue.popleft()
    if queue:
        ring[share] = queue
    return turn
