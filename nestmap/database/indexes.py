"""Runs statements that can't run in a transaction, mainly CREATE INDEX CONCURRENTLY.

It waits for all older transactions, but readers and writers do not wait for it. A build that fails
or is killed leaves an invalid index, which PostgreSQL neither uses nor repairs.
"""

import asyncio
import logging
import re
from contextlib import suppress

from nestmap.database.database import Database
from nestmap.database.errors import DatabaseError, Locked, Refused
from nestmap.queries import queries

log = logging.getLogger("nestmap.migrations")

SQL = queries("migrations")

CREATE_INDEX = re.compile(
    r"(?:--[^\n]*\n|\s)*create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?"
    r"(?P<index>\"[^\"]+\"|\w+)\s+on\s+(?P<table>[\w.\"]+)",
    re.IGNORECASE,
)

# How often a running build is logged (seconds).
TELL_SECONDS = 5.0


async def run_concurrently(database: Database, statement: str) -> None:
    """Run one statement outside a transaction; do nothing if it makes an index that is valid already.

    Raises Locked while another connection builds the same index, for example one of a client that was
    killed.
    """
    match = CREATE_INDEX.match(statement)
    if match is None:
        await _run(database, statement)
        return
    table, index = match["table"], match["index"]
    if await _is_there(database, table, index):
        return
    building = asyncio.ensure_future(_run(database, statement))
    try:
        while not (await asyncio.wait({building}, timeout=TELL_SECONDS))[0]:
            row = await database.one(SQL["index_phase"], {"table_name": table})
            log.info("index %s: %s", index, row[0] if row else "starting")
        await building
    except Refused:
        # An invalid unique index still refuses rows.
        with suppress(DatabaseError):
            await _is_there(database, table, index)
        raise
    finally:
        building.cancel()
        await asyncio.gather(building, return_exceptions=True)


async def _is_there(database: Database, table: str, index: str) -> bool:
    """Return True if the index exists and is valid; drop it if it is neither valid nor being built."""
    found = await database.rows(SQL["find_index"], {"table_name": table, "index_name": index})
    if not found:
        return False
    (one,) = found
    if one["is_being_built"]:
        raise Locked(f"index {index} is being built")
    if not one["is_valid"]:
        log.info("index %s was left behind unfinished: making it anew", index)
        await _run(database, f"drop index concurrently if exists {one['name']}")
    return bool(one["is_valid"])


async def _run(database: Database, statement: str) -> None:
    """Run ``statement`` on a connection that is closed afterwards, without a time limit."""
    async with database.connection() as connection:
        # SET LOCAL needs a transaction. SET may reach another client behind PgBouncer, so it is
        # used only if the role has a limit, which would end the build.
        if await connection.one(SQL["session_timeouts"]) == (True,):
            await connection.execute("set statement_timeout = 0")
            await connection.execute("set lock_timeout = 0")
        await connection.execute(statement)
