"""The site's parts, opened together and closed together: what a handler reaches by self.site."""

import asyncio
import logging
import secrets
import time

from nestmap.accounts import Accounts, EmailTaken, Passwords
from nestmap.background import Background
from nestmap.database import Database, Hosts, Limits, TimedOut, Unavailable
from nestmap.reports import Reports
from nestmap.schema import migrate
from nestmap.sessions import Lifetimes, Pruner, SessionCookie, SessionManager, SessionStore
from nestmap.settings import Settings

log = logging.getLogger("nestmap")

ADMINISTRATOR = "admin@localhost"

# A start waits so long for a database that is starting too (seconds).
START_PATIENCE = 30.0


class Site:
    """Opens nothing by itself: connections are made when they are first needed."""

    def __init__(self, settings: Settings, hosts: Hosts) -> None:
        self._hosts = hosts
        lifetimes = Lifetimes(settings.ttl, settings.absolute_ttl, settings.touch)
        self.settings = settings
        self.background = Background()
        self.database = Database(hosts, Limits(connections=4))
        # Sessions have connections of their own, so that a slow query never stands before one.
        # Batches need one each; the others are for batches that overtake one that is late.
        self._reads = Database(hosts, Limits(connections=8))
        # A batch of ours holds its locks for a moment; who holds one longer stops that row only.
        self._writes = Database(hosts, Limits(lock=0.3, connections=8))
        store = SessionStore(
            self._reads, self._writes, lifetimes, self.background, secure=settings.production
        )
        self.sessions = SessionManager(store, settings.max_bytes)
        self.cookie = SessionCookie(
            settings.cookie_name,
            settings.secrets,
            secure=settings.production,
            lifetime=settings.absolute_ttl,
        )
        self.lifetimes = lifetimes
        self._passwords = Passwords()
        self.accounts = Accounts(self.database, self._passwords)
        self.reports = Reports(self.database, settings)
        self.draining = False
        self.in_flight = 0

    async def open(self) -> None:
        """Bring the schema up to date and begin to prune. DatabaseError when there is no database."""
        await self._migrate()
        if self.settings.prune:
            pruner = Pruner(self.database, self.settings.prune)
            self.background.start(pruner.run(), "pruner", daemon=True)

    async def make_administrator(self) -> str | None:
        """On a site without one, make admin@localhost; its password, or None when not made now."""
        if await self.accounts.has_administrator():
            return None
        password = secrets.token_urlsafe(12)
        try:
            await self.accounts.register(ADMINISTRATOR, password, role="admin")
        except EmailTaken:
            return None
        return password

    async def close(self, seconds: float) -> bool:
        """Let commits end, at most so long, and close everything; whether all of them ended."""
        drained = await self.background.drain(seconds)
        self._passwords.close()
        for database in (self.database, self._reads, self._writes):
            await database.close()
        return drained

    async def _migrate(self) -> None:
        # Waiting for other starters, and building an index on a large table, may take its time.
        patient = Database(self._hosts, Limits(statement=300.0, total=330.0, connections=1))
        give_up = time.monotonic() + START_PATIENCE
        try:
            while True:
                try:
                    await migrate(patient)
                except (Unavailable, TimedOut) as error:
                    if time.monotonic() > give_up:
                        raise
                    log.warning("the database is not ready, trying again: %s", error)
                    await asyncio.sleep(0.5)
                else:
                    return
        finally:
            await patient.close()
