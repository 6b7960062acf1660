"""The schema: numbered files in sql/migrations, applied in order, once, by one starter at a time.

All that is pending goes in one transaction together with its record, under an advisory lock of
that transaction: a start that is killed leaves nothing half done and no lock behind. See
docs/decisions/migrations.md for why no library does this.
"""

import logging
from dataclasses import dataclass

from nestmap.database import Database
from nestmap.queries import SQL, queries

log = logging.getLogger("nestmap.schema")

STATEMENTS = queries("schema")


class SchemaError(Exception):
    """The migrations in sql/migrations are not numbered 1, 2, 3 ..."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: ``0002-session.sql`` is number 2, named "session"."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Every migration, in order."""
    found = []
    for path in sorted((SQL / "migrations").glob("*.sql")):
        number, _, name = path.stem.partition("-")
        found.append(Migration(int(number), name, path.read_text(encoding="utf-8")))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise SchemaError("sql/migrations must be numbered without gaps")
    return found


async def migrate(database: Database) -> int:
    """Apply what is pending, and give how many that were."""
    if await is_current(database):
        return 0
    async with database.transaction() as transaction:
        await transaction.all(STATEMENTS["lock_schema"])
        await transaction.all(STATEMENTS["create_schema_migrations"])
        applied = {row[0] for row in await transaction.all(STATEMENTS["applied_migrations"])}
        pending = [migration for migration in migrations() if migration.number not in applied]
        for migration in pending:
            log.info("applying migration %d, %s", migration.number, migration.name)
            await transaction.all(migration.sql)
            await transaction.all(
                STATEMENTS["record_migration"],
                {"number": migration.number, "name": migration.name},
            )
    return len(pending)


async def is_current(database: Database) -> bool:
    """Whether every migration that this program knows has been applied."""
    table = await database.one(STATEMENTS["find_schema_migrations"], idempotent=True)
    if table is None or table[0] is None:
        return False
    latest = await database.one(STATEMENTS["latest_migration"], idempotent=True)
    return latest is not None and latest[0] >= len(migrations())
