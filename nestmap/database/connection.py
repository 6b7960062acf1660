"""One connection to PostgreSQL. Comments explain the code that exists for quirks of the driver."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from nestmap.database.aiopg_fixes import RawConnection
from nestmap.database.connection_string import ConnectionParameters
from nestmap.database.errors import DatabaseError
from nestmap.database.prepared import ONE_PLAN, Prepared, PreparedOnes
from nestmap.database.translation import failed_to_connect, is_cancelled, translated

Row = tuple[Any, ...]
Settings = Mapping[str, str]
Parameters = Mapping[str, Any] | None

_SURROUNDINGS = "select current_setting('default_transaction_isolation'), pg_backend_pid()"


class Result(NamedTuple):
    """The result of a statement: its rows, and the number of returned or changed rows."""

    rows: list[Row]
    affected: int
    description: Any

    def by_name(self) -> list[dict[str, Any]]:
        """Return each row with its values by column name."""
        names = [column.name for column in self.description or ()]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class Connection:
    """One connection to one server, in autocommit, running one statement at a time."""

    def __init__(self, raw: Any, cursor: Any, generation: int) -> None:
        self._raw = raw
        self._cursor = cursor
        self.generation = generation
        self.opened = time.monotonic()
        self.round_trip = 0.0
        self.prefix = ""
        # None behind a connection pooler, which may send each transaction to another backend.
        self._prepared: PreparedOnes | None = None
        # The settings that its backend has.
        self._settings: dict[str, str] = {}

    @classmethod
    async def open(
        cls, parameters: ConnectionParameters, limit: float, generation: int
    ) -> "Connection":
        """Connect within ``limit`` seconds, or raise Unavailable with libpq's reason."""
        raw = None
        try:
            async with asyncio.timeout(limit):
                # For each of these three, aiopg would send a catalogue query.
                raw = await RawConnection(
                    None,
                    limit,
                    enable_json=False,
                    enable_hstore=False,
                    enable_uuid=False,
                    **parameters,
                )
                connection = cls(raw, await raw.cursor(), generation)
                await connection._prepare(limit)
                return connection
        except (Exception, asyncio.CancelledError) as error:
            if raw is not None:
                raw.close()
            if is_cancelled(error):
                raise
            raise failed_to_connect(error, parameters, limit) from None

    async def _prepare(self, limit: float) -> None:
        """Find out the role's default isolation level, and if there is a connection pooler in between.

        Our statements need read committed. PgBouncer gives another number instead of the PID of the
        backend.
        """
        began = time.monotonic()
        (((level, process),), *_) = await self.run(_SURROUNDINGS, None, limit)
        self.round_trip = time.monotonic() - began
        if level != "read committed":
            self.prefix = "set local transaction_isolation = 'read committed';\n"
        if process == self._raw.raw.get_backend_pid():
            self._prepared = PreparedOnes()

    @property
    def closed(self) -> bool:
        """True if the connection is closed. An idle one notices a restart of the server by itself."""
        return bool(self._raw.closed)

    def close(self) -> None:
        """Close at once. A running statement continues on the server."""
        self._raw.close()

    def prepare_no_more(self) -> None:
        """Send all statements unprepared from now on, and all settings with each statement."""
        self._prepared = None
        self._settings.clear()

    async def run_with(
        self, settings: Settings, sql: str | Prepared, parameters: Parameters, limit: float
    ) -> Result:
        """Run one statement with settings; see run().

        They are in the same string as the statement, which is one transaction. A direct connection keeps
        them, so they are sent only if they differ: each costs as much as the parsing of a short statement.
        A later statement that does not give one of them has it too. With SET LOCAL they work behind
        PgBouncer in transaction mode.
        """
        if not isinstance(sql, str):
            return await self._run_prepared(settings, sql, parameters, limit)
        keeps = self._prepared is not None
        new = {name: value for name, value in settings.items() if self._settings.get(name) != value}
        for name in new:
            # Not known until there is a result: an error may roll them back, or come after the commit.
            self._settings.pop(name, None)
        text = assignments("set" if keeps else "set local", new)
        result = await self.run(self.prefix + text + sql, parameters, limit)
        if keeps:
            self._settings.update(new)
        return result

    async def _run_prepared(
        self, settings: Settings, statement: Prepared, parameters: Parameters, limit: float
    ) -> Result:
        if (prepared := self._prepared) is None:
            return await self.run_with(settings, statement.plain, parameters, limit)
        text = prepared.text(statement)
        try:
            result = await self.run_with({**settings, **ONE_PLAN}, text, parameters, limit)
        except BaseException:
            prepared.failed(statement)
            raise
        prepared.succeeded(statement)
        return result

    async def run(self, sql: str, parameters: Parameters, limit: float) -> Result:
        """Run one statement within ``limit`` seconds and return its result.

        Raises a DatabaseError. After TimedOut or Unavailable the connection may be closed.
        """
        cursor = self._cursor
        try:
            await cursor.execute(sql, parameters, timeout=limit)
            description = cursor.description
            rows = await cursor.fetchall() if description else []
            return Result(rows, int(cursor.rowcount), description)
        except (Exception, asyncio.CancelledError) as error:
            # Check the connection, not the SQLSTATE: after a restart, pgcode is empty.
            failure = translated(error, lost=self.closed)
            if isinstance(failure, DatabaseError):
                failure.unknown = self.closed or isinstance(error, TimeoutError)
            raise failure from None


def assignments(command: str, settings: Settings) -> str:
    """Return a statement for each setting; ``command`` is "set" or "set local"."""
    return "".join(f"{command} {name} = {value};\n" for name, value in settings.items())
