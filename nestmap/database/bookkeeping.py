"""The record of applied migrations in nestmap.migrations, and the lock of the process that applies them."""

from collections.abc import Sequence

from nestmap.database.database import Database
from nestmap.database.errors import Locked, Refused
from nestmap.database.migration_files import Migration, Migrations, SchemaError
from nestmap.database.transaction import Transaction
from nestmap.queries import queries

SQL = queries("migrations")

INSUFFICIENT_PRIVILEGE = "42501"


async def find_pending(database: Database, folders: Sequence[Migrations]) -> list[Migration]:
    """Return the pending migrations in order. It only reads.

    Raises SchemaError if a file was edited after it was applied, or if the role may not read the
    records.
    """
    files = [one for folder in folders for one in folder.files()]
    try:
        applied = await _applied(database, [folder.folder for folder in folders])
    except Refused as error:
        if error.sqlstate != INSUFFICIENT_PRIVILEGE:
            raise
        raise SchemaError(
            f"the role may not read which migrations were applied ({error}): grant it usage on"
            " schema nestmap and select on nestmap.migrations"
        ) from error
    for one in files:
        if applied.get((one.folder, one.number), one.checksum) != one.checksum:
            raise SchemaError(
                f"{one} was edited after it was applied: restore its text, and put the change"
                " into a new migration"
            )
    return [one for one in files if (one.folder, one.number) not in applied]


async def create_bookkeeping(transaction: Transaction) -> None:
    """Make the schema and the table of records. Checking first needs fewer rights."""
    await take_turn(transaction)
    (found,) = await transaction.rows(SQL["find_bookkeeping"])
    if not found["has_schema"]:
        await transaction.execute(SQL["create_schema"])
    if not found["has_table"]:
        await transaction.execute(SQL["create_bookkeeping"])


async def take_turn(transaction: Transaction) -> None:
    """Lock out other processes that apply migrations, until the transaction ends.

    Raises Locked if there is another one.
    """
    if await transaction.one(SQL["try_migration_lock"]) != (True,):
        raise Locked("another process applies migrations")


async def is_applied(transaction: Transaction, one: Migration) -> bool:
    """Return True if there is a record of this migration."""
    return (one.folder, one.number) in await _applied(transaction, [one.folder])


async def record(transaction: Transaction, one: Migration) -> None:
    """Record that this migration was applied."""
    await transaction.execute(
        SQL["record_migration"],
        {
            "folder": one.folder,
            "number": one.number,
            "name": one.name,
            "checksum": one.checksum,
        },
    )


async def _applied(
    database: Database | Transaction, folders: list[str]
) -> dict[tuple[str, int], str]:
    """Return the checksum of each applied migration by folder and number."""
    (found,) = await database.rows(SQL["find_bookkeeping"])
    if not found["has_table"]:
        return {}
    rows = await database.all(SQL["applied_migrations"], {"folders": folders})
    return {(folder, number): checksum for folder, number, checksum in rows}
