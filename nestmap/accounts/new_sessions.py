"""Limits the sessions that visitors begin from one network, over all processes.

Each process has its own counters, so requests wait for no query. It adds them to the counters in
PostgreSQL about once a second, and earlier after a tenth of the limit was used; the result is the
count of all processes. So each process may exceed the limit by a tenth, and by the requests that
arrive during that statement. Without a database, each process applies the limit separately.
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
NETWORKS = 4096  # counters kept; the least recently used is dropped, so its network is allowed more


@dataclass(slots=True)
class Counter:
    """The used part of the limit of one network at the time ``since``, and the part not sent yet."""

    since: float
    used: float = 0.0
    unsent: int = 0


class NewSessions:
    """Allows ``most`` new sessions a minute for each network, also all at once.

    ``key_of`` makes the key of a network's counter in PostgreSQL.
    """

    def __init__(self, database: Database, key_of: Callable[[str], str], most: int) -> None:
        self._database = database
        self._key_of = key_of
        self._most = most
        self._counters: OrderedDict[str, Counter] = OrderedDict()
        self._is_much = asyncio.Event()

    def take(self, network: str, now: float | None = None) -> bool:
        """Count a session, and return False if it is above the limit.

        ``now`` is in seconds on any clock.
        """
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
        """Add the counts of this process to the shared counters, and read these."""
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
            # They do not include sessions that were counted here meanwhile.
            counters[key].used = used + counters[key].unsent
            counters[key].since = time.monotonic()

    def _counter(self, network: str, now: float) -> Counter:
        """Return the counter of a network at this time: it decreases to 0 within a minute."""
        counter = self._counters.setdefault(network, Counter(now))
        self._counters.move_to_end(network)
        if len(self._counters) > NETWORKS:
            self._counters.popitem(last=False)
        counter.used = max(0.0, counter.used - (now - counter.since) * self._most / 60)
        counter.since = now
        return counter
