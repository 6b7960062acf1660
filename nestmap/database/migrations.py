"""Applies numbered .sql files in order, each once, by one process at a time.

A file and its record are in one transaction, which holds an advisory lock: a process that is killed
leaves nothing half done and no lock, also behind PgBouncer in transaction mode. No statement waits for
a lock for longer than LOCK_SECONDS, because statements of other programs queue behind it; it is
repeated later. See docs/decisions/migrations.md.
"""

import logging
from collections.abc import Iterable
from functools import partial

from nestmap.database.bookkeeping import (
    INSUFFICIENT_PRIVILEGE,
    create_bookkeeping,
    find_pending,
    is_applied,
    record,
    take_turn,
)
from nestmap.database.database import Database
from nestmap.database.errors import Locked, Refused
from nestmap.database.hosts import Hosts
from nestmap.database.indexes import run_concurrently
from nestmap.database.limits import Limits
from nestmap.database.migration_files import (
    Migration,
    Migrations,
    MissingRights,
    Run,
    SchemaError,
)
from nestmap.database.persistence import Persistence
from nestmap.database.transaction import Transaction
from nestmap.queries import queries

log = logging.getLogger("nestmap.migrations")

SQL = queries("migrations")

# How long a statement may wait for a lock (seconds). Other programs wait behind it.
LOCK_SECONDS = 0.5

# How long it may wait for the lock of ``-- lock:``, which does not block readers and writers.
# PostgreSQL cancels an autovacuum that holds a lock after one second.
SHARED_LOCK_SECONDS = 5.0

# A migration may run for long; a transaction that is idle because its client hangs may not (seconds).
STATEMENT_SECONDS = 3600.0
TOTAL_SECONDS = 3700.0
IDLE_SECONDS = 60.0


async def migrate(
    hosts: Hosts,
    folders: Iterable[Migrations],
    patience: float,
    *,
    lock_seconds: float = LOCK_SECONDS,
) -> int:
    """Apply the pending files of each folder in order, and return their number.

    Each step may wait up to ``patience`` seconds for the database, for another process that applies
    migrations, and for locks; then the DatabaseError is raised. Raises SchemaError for faults that
    waiting does not repair: an edited file, a missing right, wrong SQL.
    """
    limits = Limits(
        statement=STATEMENT_SECONDS,
        lock=lock_seconds,
        total=TOTAL_SECONDS,
        idle=IDLE_SECONDS,
        connections=3,
    )
    database = Database(hosts, limits)
    try:
        return await _Migrator(database, list(folders), patience).run()
    finally:
        await database.close()


async def pending(database: Database, folders: Iterable[Migrations]) -> list[str]:
    """Return the names of the pending migrations.

    It only reads, so it needs no right to create or alter tables. Raises SchemaError if a file was
    edited after it was applied, or if the role may not read the records. A database with more
    migrations than this program has is accepted: a newer version may run at the same time.
    """
    return [str(one) for one in await find_pending(database, list(folders))]


class _Migrator:
    """Applies the migrations of some folders, one step at a time."""

    def __init__(self, database: Database, folders: list[Migrations], patience: float) -> None:
        self._database = database
        self._folders = folders
        self._persistence = Persistence(patience, log)

    async def run(self) -> int:
        """Apply all pending files, and return the number of files applied by this process."""
        again = self._persistence.until_it_works
        left = await again("migrations", partial(find_pending, self._database, self._folders))
        if not left:
            return 0
        try:
            await again("migrations", self._create_bookkeeping)
            return sum([await self._apply(one) for one in left])
        except Refused as error:
            raise _explained(error, left) from error

    async def _create_bookkeeping(self) -> None:
        async with self._database.transaction() as transaction:
            await create_bookkeeping(transaction)

    async def _apply(self, one: Migration) -> bool:
        """Apply one file. Return False if another process was first."""
        steps = {
            Run.TRANSACTION: self._in_a_transaction,
            Run.CONCURRENTLY: self._concurrently,
            Run.REPEAT: self._next_batch,
        }
        step = partial(steps[one.run], one)
        done = None
        while done is None:
            try:
                done = await self._persistence.until_it_works(str(one), step)
            except Refused as error:
                if error.sqlstate == INSUFFICIENT_PRIVILEGE:
                    raise
                raise SchemaError(f"{one} failed: {error}") from error
        if done:
            log.info("applied %s", one)
        return done

    async def _in_a_transaction(self, one: Migration) -> bool:
        async with self._database.transaction() as transaction:
            await take_turn(transaction)
            if await is_applied(transaction, one):
                return False
            try:
                await self._lock_table(transaction, one)
                await transaction.execute(one.sql)
            except Locked as error:
                raise await self._with_holders(error, one) from error
            await record(transaction, one)
        return True

    async def _next_batch(self, one: Migration) -> bool | None:
        """Run the statement once. Return None if it changed rows, so that there may be more."""
        async with self._database.transaction() as transaction:
            await take_turn(transaction)
            if await is_applied(transaction, one):
                return False
            if await transaction.execute(one.sql) > 0:
                return None
            await record(transaction, one)
        return True

    async def _concurrently(self, one: Migration) -> bool:
        # This transaction holds the lock and the record while another connection does the work. No
        # statement runs in it meanwhile: the build would wait for its snapshot. If its connection is
        # lost, lock and record are lost too, and the next attempt begins again.
        async with self._database.transaction(idle=0.0) as holder:
            await take_turn(holder)
            if await is_applied(holder, one):
                return False
            for statement in one.statements:
                await run_concurrently(self._database, statement)
            await record(holder, one)
        return True

    async def _lock_table(self, transaction: Transaction, one: Migration) -> None:
        if one.locked_table is None:
            return
        if await transaction.one(SQL["find_table"], {"name": one.locked_table}) == (None,):
            return
        await transaction.execute(
            f"set local lock_timeout = {int(SHARED_LOCK_SECONDS * 1000)};"
            f" lock table {one.locked_table} in share update exclusive mode"
        )
        await transaction.execute(self._database.lock_timeout)

    async def _with_holders(self, error: Locked, one: Migration) -> Locked:
        """Return ``error`` with the processes that hold locks on the table, if known."""
        if one.locked_table is None:
            return error
        rows = await self._database.all(SQL["lock_holders"], {"name": one.locked_table})
        if not rows:
            return error
        holders = (
            f"pid {pid} ({name or 'unnamed'}) since {since} UTC" for pid, name, since in rows
        )
        return Locked(f"{one.locked_table} is locked by {', '.join(holders)}")


def _explained(error: Refused, left: list[Migration]) -> SchemaError:
    if error.sqlstate != INSUFFICIENT_PRIVILEGE:
        return SchemaError(f"the migrations failed: {error}")
    names = ", ".join(map(str, left))
    return MissingRights(
        f"the role may not apply the pending migrations ({error}): apply them once with a role that"
        f" may create and alter the tables. Pending: {names}"
    )
