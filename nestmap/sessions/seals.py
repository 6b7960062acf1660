"""Seals: a chain of hashes of the events, by which a change of the record is detected.

Each seal is the hash of the previous seal and of one event. One instance seals about once a second,
outside the transactions that add events: a chain inside them would make every sign-in wait for the
previous one. An attacker who can change both tables could make a new chain. So the newest hash (the
head) is logged each minute: if the log is stored elsewhere, verify() detects that the head is missing.
"""

import asyncio
import logging
import time
from dataclasses import dataclass

from nestmap.database import Database, DatabaseError
from nestmap.queries import queries
from nestmap.sessions.events import Event, event_of

log = logging.getLogger("nestmap.events")

SQL = queries("sessions/events")

INTERVAL = 1.0  # seconds between two checks for new events
HEAD_INTERVAL = 60.0  # seconds between two log lines with the head
PRUNE_INTERVAL = 3600.0  # seconds between two checks for old events
BATCH = 500  # events sealed by one statement
PRUNE_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the record. ``kind`` is one of:

    - changed: the event, or its position in the chain, differs from what was sealed;
    - removed: the event does not exist;
    - inserted: the event was added later than its time says;
    - gap: seals are missing before this one;
    - beginning: the chain does not begin where the last pruning ended;
    - cut: the given head is not in the chain.
    """

    kind: str
    event_id: int | None
    number: int | None


class Seals:
    """Seals, verifies and prunes events. Every method but run() may raise DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # When run() last found everything sealed (seconds since the epoch, 0: never).
        self.sealed_at = 0.0

    async def run(self, keep_days: int) -> None:
        """Seal about once a second, log the head each minute, prune each hour, until cancelled."""
        logged, head_at, prune_at = None, 0.0, time.monotonic() + HEAD_INTERVAL
        while True:
            # The instances need no coordination: the lock in seal_events allows one at a time.
            await asyncio.sleep(INTERVAL)
            try:
                await self.seal()
                self.sealed_at = time.time()
                if time.monotonic() >= head_at:
                    head_at = time.monotonic() + HEAD_INTERVAL
                    logged = await self._log_head(logged)
                if time.monotonic() >= prune_at:
                    prune_at = time.monotonic() + PRUNE_INTERVAL
                    await self.prune(keep_days)
            except DatabaseError as error:
                log.debug("events were not sealed: %s", error)

    async def seal(self) -> int:
        """Seal new events, log each of them, and return their number.

        It does nothing while another instance is sealing.
        """
        count = 0
        while True:
            rows = await self._database.all(SQL["seal_events"], {"most": BATCH})
            for row in rows:
                log_event(event_of(row[2:]))
            count += len(rows)
            if len(rows) < BATCH:
                return count

    async def head(self) -> str:
        """Return the hash of the newest seal, in hex."""
        row = await self._database.one(SQL["find_head"], idempotent=True)
        return str(row[1]) if row else ""

    async def verify(self, head: str | None = None) -> list[Fault]:
        """Seal, then return the faults in the record (up to 1,000).

        ``head`` is a hash from the log: if it is not in the chain, the newest events were removed or the
        chain was replaced. A head that is older than the oldest stored event is not found either.
        """
        await self.seal()
        rows = await self._database.all(SQL["verify_events"], idempotent=True)
        faults = [Fault(kind, event_id, number) for number, event_id, kind in rows]
        if head is not None and not await self._has(head):
            faults.append(Fault("cut", None, None))
        return faults

    async def prune(self, days: int) -> int:
        """Remove events older than ``days`` (30 at least), and return their number."""
        count = 0
        while row := await self._database.one(
            SQL["prune_events"], {"days": days, "most": PRUNE_BATCH}
        ):
            count += row[0]
            if row[0] < PRUNE_BATCH:
                break
        return count

    async def _has(self, head: str) -> bool:
        try:
            bytes.fromhex(head)
        except ValueError:
            return False
        return (
            await self._database.one(SQL["find_seal"], {"hash": head}, idempotent=True) is not None
        )

    async def _log_head(self, logged: str | None) -> str:
        head = await self.head()
        if head != logged:
            log.info("the newest seal is %s", head)
        return head


def log_event(event: Event) -> None:
    """Log one event in one line."""
    fields = {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "user": event.user_id,
        "actor": event.actor_id,
        "session": event.session_id,
        "ip": event.ip,
        "user_agent": event.user_agent,
        "details": event.details,
    }
    line = " ".join(
        f"{name}={fields[name]}" for name in ("user", "actor", "session", "ip") if fields[name]
    )
    log.info("event %d %s %s", event.id, event.kind, line, extra={"event": fields})
