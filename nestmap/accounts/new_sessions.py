"""A limit of the sessions that visitors begin from one network, in all processes together.

Each process keeps counters of its own, so that a request waits for no query. It adds them to
PostgreSQL's about once a second, and sooner when a tenth of the limit was used since; what comes
back is the count of all processes. So each process lets a tenth too many through at most, and what
arrives while that statement is on its way. Without a database, each process keeps the limit alone.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import orjson

from nestmap.database import Database, DatabaseError
from nestmap.queries import queries

SQL = queries("site/throttle")

log = logging.getLogger("nestmap.accounts")

INTERVAL = 1.0  # seconds between two exchanges with PostgreSQL
NETWORKS = 4096  # counters kept; the network seen least recently is forgotten, and let through


@dataclass(slots=True)
class Counter:
    """What one network has used of its limit at the time ``since``, and how much was not sent yet."""

    since: float
    used: float = 0.0
    unsent: int = 0


class NewSessions:
    """Lets ``most`` sessions begin in a minute from each network; a burst of that size at once.

    ``key_of`` makes the key under which PostgreSQL counts a network.
    """

    def __init__(self, database: Database, key_of: Callable[[str], str], most: int) -> None:
        self._database = database
        self._key_of = key_of
        self._most = most
        self._counters: OrderedDict[str, Counter] = OrderedDict()
        self._is_much = asyncio.Event()

    def take(self, network: str, now: float | None = None) -> bool:
        """Count one, and return False if it is too many. ``now`` is in seconds on any clock."""
        counter = self._counter(network, time.monotonic() if now is None else now)
        if counter.used + 1 > self._most:
            return False
        counter.used += 1
        counter.unsent += 1
        if counter.unsent * 10 >= self._most:
            self._is_much.set()
        return True

    async def run(self) -> None:
        """Exchange counters with the other processes, until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_much.wait(), INTERVAL)
            self._is_much.clear()
            try:
                await self.share()
            except DatabaseError as error:
                log.debug("new sessions were not counted: %s", error)
                await asyncio.sleep(INTERVAL)

    async def share(self) -> None:
        """Add what was counted here to the counters of all, and take those over."""
        counters = {
            self._key_of(network): counter
            for network, counter in self._counters.items()
            if counter.unsent
        }
        if not counters:
            return
        counts = [{"key": key, "count": one.unsent} for key, one in counters.items()]
        for counter in counters.values():
            counter.unsent = 0
        rows = await self._database.all(
            SQL["count_new_sessions"],
            {"counts": orjson.dumps(counts).decode(), "most": self._most},
        )
        for key, used in rows:
            # What was counted here meanwhile is not among them.
            counters[key].used = used + counters[key].unsent
            counters[key].since = time.monotonic()

    def _counter(self, network: str, now: float) -> Counter:
        """Return the counter of a network as it is now: it empties within a minute."""
        counter = self._counters.setdefault(network, Counter(now))
        self._counters.move_to_end(network)
        if len(self._counters) > NETWORKS:
            self._counters.popitem(last=False)
        counter.used = max(0.0, counter.used - (now - counter.since) * self._most / 60)
        counter.since = now
        return counter
