"""Ways to make PostgreSQL refuse the commits of the site."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.database import Database

REFUSE = """
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception 'refused by the test';
end $$
"""


@contextmanager
def refused_writes(database: Database) -> Iterator[None]:
    """Make every change of a session fail while the block runs."""
    with _trigger(database, "trigger refuse before insert or update or delete on session"):
        yield


@contextmanager
def refused_commits(database: Database) -> Iterator[None]:
    """Make every change of a session succeed and its transaction fail at the commit."""
    kind = "constraint trigger refuse after insert or update or delete on session"
    with _trigger(database, f"{kind} deferrable initially deferred"):
        yield


@contextmanager
def _trigger(database: Database, trigger: str) -> Iterator[None]:
    database.execute(REFUSE)
    database.execute(f"create {trigger} for each row execute function refuse()")
    try:
        yield
    finally:
        database.execute("drop function refuse() cascade")
