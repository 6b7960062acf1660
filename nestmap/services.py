"""The parts of the site, opened together and closed together: ``self.services`` in handlers."""

import hashlib
import logging
import secrets
import time
from typing import Any

from nestmap.accounts import (
    Accounts,
    Administration,
    DeviceCookie,
    EmailTaken,
    EndAll,
    NewSessions,
    Passwords,
    SignInClient,
    Throttle,
    ThrottleLimits,
    load_user,
)
from nestmap.accounts.sampler import Samplers
from nestmap.background import Background
from nestmap.database import (
    Database,
    Hosts,
    Limits,
    Migrations,
    PoolFigures,
    migrate,
    pending,
    shares,
)
from nestmap.queries import SQL
from nestmap.readiness import Readiness
from nestmap.running_requests import RunningRequests
from nestmap.sessions import Sessions
from nestmap.settings import Settings

log = logging.getLogger("nestmap")

UNSAVED_SECRET = secrets.token_urlsafe(48)

ADMINISTRATOR = "admin@localhost"


class Services:
    """The services. No connection is made before it is needed."""

    def __init__(self, settings: Settings, hosts: Hosts) -> None:
        self.settings = settings
        self.requests = RunningRequests()
        self.background = Background()
        # The readiness check has its own connection.
        own, of_sessions = shares(settings.database_connections - 1, 1, 4)
        self.database = Database(hosts, Limits(connections=own))
        self.sessions = make_sessions(settings, hosts, of_sessions)
        self.migrations = Migrations("site", SQL / "site" / "migrations")
        self._hosts = hosts
        self.passwords = Passwords()
        self.readiness = Readiness(hosts, self.faults)
        self.devices = DeviceCookie(
            settings.cookie_name, keys(settings), secure=settings.production
        )
        self.throttle = Throttle(self.database, keys(settings)[0], throttle_limits(settings))
        self.accounts = Accounts(
            self.database, self.passwords, self.throttle, self.devices, self.sessions.events
        )
        self.administration = Administration(self.database, self.passwords)
        self.end_all = EndAll(self.administration, self.sessions.admin)
        self.samplers = Samplers()
        self.new_sessions = NewSessions(
            self.database, self.throttle.visitors_key, settings.new_sessions_per_minute
        )
        self.form_keys = [
            hashlib.sha256(b"nestmap forms\0" + key.encode()).digest() for key in keys(settings)
        ]
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """True after ``open()``; before it, requests can't have sessions."""
        return self._is_open

    async def open(self) -> str | None:
        """Bring the schema up to date and start pruning. Raises DatabaseError or SchemaError.

        It may be called again after an error, for example without the right to migrate, after the
        migrations were applied. In development, an administrator is made if there is none, and the
        password is returned.
        """
        await self.migrate(patience=0)
        await self.sessions.schema.check()
        password = None if self.settings.production else await self.make_administrator()
        self.sessions.start()
        self.background.start(self.throttle.run(), "prune the throttle", daemon=True)
        self.background.start(self.new_sessions.run(), "count new sessions", daemon=True)
        self._is_open = True
        return password

    @property
    def pools(self) -> dict[str, PoolFigures]:
        """The figures of each pool, by its purpose."""
        own = {"site": self.database.figures, "readiness": self.readiness.connections}
        return self.sessions.pools | own

    @property
    def database_is_away(self) -> bool:
        """True if the last attempt to connect failed."""
        return self._hosts.availability.is_away

    async def migrate(self, patience: float) -> int:
        """Apply the pending migrations of the site and of the session layer.

        Return their number.
        """
        # The site's functions use the session table.
        folders = [self.sessions.schema.migrations, self.migrations]
        return await migrate(self._hosts, folders, patience)

    async def faults(self, database: Database) -> list[str]:
        """Return the faults that prevent the site from using this database.

        Raises DatabaseError.
        """
        waiting = await pending(database, [self.migrations, self.sessions.schema.migrations])
        if waiting:
            names = ", ".join(waiting)
            return [f"run python -m nestmap migrate: migrations are pending: {names}"]
        return await self.sessions.schema.faults(database)

    async def make_administrator(self) -> str | None:
        """Make admin@localhost if there is no administrator, and return its password; else None."""
        if await self.administration.has_administrator():
            return None
        password = secrets.token_urlsafe(16)
        try:
            await self.accounts.register(
                ADMINISTRATOR,
                password,
                SignInClient(is_operator=True),
                role="admin",
                must_change=True,
            )
        except EmailTaken:
            return None
        return password

    async def stats(self, *, patient: bool = False) -> dict[str, Any]:
        """Return the JSON of GET /api/admin/session-stats; see SessionAdmin.figures()."""
        figures = await self.sessions.admin.stats(patient=patient)
        table_bytes = figures.pop("table_bytes")
        return {
            **figures,
            "store": {**self.store(), "table_bytes": table_bytes},
            "generated_at": figures["generated_at"],
        }

    async def close(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for background tasks and running commits, then close everything.

        Return True if all of them finished.
        """
        deadline = time.monotonic() + seconds
        # The tasks of the site use the session layer, so they end before it.
        drained = await self.background.drain(seconds)
        drained = await self.sessions.close(max(0.0, deadline - time.monotonic())) and drained
        self.passwords.close()
        await self.database.close()
        await self.readiness.close()
        return drained

    def store(self) -> dict[str, Any]:
        """Return the facts about the session table and the cookie."""
        options = self.sessions.options
        return {
            "type": "postgresql",
            "table": options.table,
            "cookie": {
                "name": options.cookie_name,
                "path": options.path,
                "secure": options.secure,
                "http_only": True,
                "same_site": options.same_site.lower(),
                "max_age_seconds": options.idle,
            },
            "ttl_seconds": options.idle,
            "absolute_ttl_seconds": options.absolute,
            "touch_seconds": options.touch,
            "prune_seconds": options.prune,
            "resave": False,
            "save_uninitialized": False,
            "rolling": True,
        }


def make_sessions(settings: Settings, hosts: Hosts, connections: int) -> Sessions:
    """Return the session layer with the options of the settings."""
    return Sessions(
        hosts,
        secret=keys(settings)[0],
        previous_secrets=keys(settings)[1:],
        cookie_name=settings.cookie_name,
        secure=settings.production,
        idle=settings.ttl,
        absolute=settings.absolute_ttl,
        touch=settings.touch,
        prune=settings.prune,
        max_bytes=settings.max_bytes,
        user_query=(SQL / "site" / "user-of-session.sql").read_text(encoding="utf-8"),
        load_user=load_user,
        on_sign_in="nestmap.take_places",
        lapsed="refuse",
        events=True,
        events_keep_days=settings.events_keep_days,
        sessions_per_user=settings.sessions_per_user,
        connections=connections,
    )


def keys(settings: Settings) -> tuple[str, ...]:
    """Return the secrets; the first one signs. Commands need none."""
    return settings.secrets or (UNSAVED_SECRET,)


def throttle_limits(settings: Settings) -> ThrottleLimits:
    """Return the limits of the throttle in the settings."""
    return ThrottleLimits(
        account_failures=settings.sign_in_account_failures,
        network_failures=settings.sign_in_network_failures,
        registrations_per_hour=settings.registrations_per_hour,
    )
