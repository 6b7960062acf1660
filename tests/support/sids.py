"""Finds the row of a visitor's session: the sid itself is never shown to a visitor."""

from tests.support.database import Database
from tests.support.visitor import Visitor

BY_PUBLIC_ID = "id = %s"


def sid_of(visitor: Visitor, database: Database, **options: int) -> str:
    """Return the stored sid of the visitor's session."""
    public_id = visitor.session(**options)["session"]["id"]
    return database.value(f"select sid from session where {BY_PUBLIC_ID}", public_id)


def stored(database: Database, sid: str) -> bool:
    return database.value("select exists (select from session where sid = %s)", sid)


def count_sessions(database: Database) -> int:
    return database.value("select count(*) from session")
