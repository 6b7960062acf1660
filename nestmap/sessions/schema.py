"""The schema of the layer: its migrations, and the checks before a table is used."""

import logging
from typing import Any

from nestmap.database import (
    Database,
    Hosts,
    Migrations,
    Refused,
    SchemaError,
    migrate,
    pending,
)
from nestmap.queries import SQL, queries
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.user_query import UserQuery

log = logging.getLogger("nestmap.sessions")


class SessionSchema:
    """Makes the session table, or takes over one of connect-pg-simple."""

    def __init__(self, hosts: Hosts, database: Database, options: SessionOptions) -> None:
        self._hosts = hosts
        self._database = database
        self._options = options
        names = options.names
        self._sql = queries("sessions/check", names)
        table = f"{names['schema']}.{names['name']}".replace('"', "")
        self.migrations = Migrations(f"sessions:{table}", SQL / "sessions" / "migrations", names)

    async def migrate(self, patience: float) -> int:
        """Apply pending files and return their number. Raises DatabaseError or SchemaError."""
        return await migrate(self._hosts, [self.migrations], patience)

    async def faults(self, database: Database | None = None) -> list[str]:
        """Return the faults that make the table unusable, a sentence each. Raises DatabaseError."""
        database = database or self._database
        waiting = await pending(database, [self.migrations])
        if waiting:
            return [f"migrations are pending: {', '.join(waiting)}"]
        rows = await database.all(self._sql["find_faults"], idempotent=True)
        return [row[0] for row in rows]

    async def check(self) -> None:
        """Raise SchemaError if the table can't be used; log warnings about unsuitable settings."""
        faults = await self.faults()
        if faults:
            raise SchemaError("; ".join(faults))
        await self._check_surroundings()
        await self._check_user_query()
        await self._check_hook()

    async def _check_surroundings(self) -> None:
        (found,) = await self._database.rows(self._sql["find_surroundings"], idempotent=True)
        if found["time_zone"] not in ("UTC", "Etc/UTC", "GMT", "Etc/GMT"):
            log.warning(
                "the time zone of the database or of the role is %s: an Express server beside this"
                " one would delete live sessions; set it to UTC",
                found["time_zone"],
            )
        if found["encoding"] not in ("UTF8", "SQL_ASCII"):
            log.warning(
                "the encoding of the database is %s, which lacks most characters: requests with one"
                " of them are refused; a database with encoding UTF8 takes all",
                found["encoding"],
            )

    async def _check_user_query(self) -> None:
        explanation = UserQuery(self._options.user_query, None).explanation()
        if explanation is None:
            return
        try:
            rows = await self._database.all(explanation, idempotent=True)
        except Refused as error:
            raise SchemaError(f"user_query can't be used: {error}") from error
        if "Seq Scan" in _node_types(rows[0][0]):
            log.warning("user_query scans a whole table with each load: create an index for it")

    async def _check_hook(self) -> None:
        hook, table = self._options.on_sign_in, self._options.names["table"]
        if hook is None:
            return
        # EXPLAIN does not call the function.
        call = f"select {hook}(s.user_id, s.id, s.sess::jsonb)::text[] from {table} as s"  # noqa: S608
        try:
            await self._database.all(f"explain {call}", idempotent=True)
        except Refused as error:
            raise SchemaError(f"on_sign_in can't be used: {error}") from error


def _node_types(plan: Any) -> set[str]:
    """Return the kinds of all nodes of a plan in JSON."""
    match plan:
        case list():
            return set().union(*map(_node_types, plan))
        case dict():
            kinds = set().union(*map(_node_types, plan.values()))
            return kinds | ({plan["Node Type"]} if "Node Type" in plan else set())
    return set()
