"""Accounts in a state that would take many requests to reach."""

from tests.support.database import Database

FILL = """
insert into nestmap.places (user_id, id, name)
select u.id, 'p' || n, 'Place'
from nestmap.users as u, generate_series(1, %s) as n
where u.email = %s
"""


def fill_account(database: Database, email: str, places: int = 1000) -> None:
    """Store places with the ids p1, p2 ... in an account; 1,000 are the most."""
    database.execute(FILL, places, email)
