"""Access to PostgreSQL: a few methods, translated errors and time limits for everything.

Nothing else in the program imports aiopg or psycopg2.
"""

from nestmap.database.aiopg_fixes import ignore_cancelled_statements
from nestmap.database.database import Database
from nestmap.database.deadline import (
    counted,
    lift_limit,
    limit_statements,
    seconds_left,
    seconds_spent,
)
from nestmap.database.errors import (
    DatabaseError,
    Locked,
    Overloaded,
    Refused,
    TimedOut,
    Unavailable,
    UnsupportedCharacter,
)
from nestmap.database.hosts import Hosts
from nestmap.database.limits import Limits
from nestmap.database.migration_files import Migrations, MissingRights, SchemaError
from nestmap.database.migrations import migrate, pending
from nestmap.database.persistence import keep_trying
from nestmap.database.pool import PoolFigures
from nestmap.database.prepared import Prepared
from nestmap.database.shares import shares
from nestmap.database.transaction import Transaction

__all__ = [
    "Database",
    "DatabaseError",
    "Hosts",
    "Limits",
    "Locked",
    "Migrations",
    "MissingRights",
    "Overloaded",
    "PoolFigures",
    "Prepared",
    "Refused",
    "SchemaError",
    "TimedOut",
    "Transaction",
    "Unavailable",
    "UnsupportedCharacter",
    "counted",
    "ignore_cancelled_statements",
    "keep_trying",
    "lift_limit",
    "limit_statements",
    "migrate",
    "pending",
    "seconds_left",
    "seconds_spent",
    "shares",
]
