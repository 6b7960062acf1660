"""The door to PostgreSQL: a few verbs, translated errors and a bound on everything.

Nothing else in the program imports aiopg or psycopg2.
"""

from nestmap.database.connection import quiet_about_cancelled
from nestmap.database.door import Database, Limits, Transaction
from nestmap.database.errors import (
    DatabaseError,
    Locked,
    Overloaded,
    Refused,
    TimedOut,
    Unavailable,
)
from nestmap.database.servers import Servers

__all__ = [
    "Database",
    "DatabaseError",
    "Limits",
    "Locked",
    "Overloaded",
    "Refused",
    "Servers",
    "TimedOut",
    "Transaction",
    "Unavailable",
    "quiet_about_cancelled",
]
