"""What can go wrong on the way to the database.

DatabaseError
├── Unavailable   no connection, or it was lost on the way
│   └── ReadOnly  the server we speak to is no longer the primary
├── TimedOut      a bound on connecting, waiting or running was reached
├── Locked        a row or table is locked by someone who does not let go
├── Overloaded    more callers than can wait
└── Refused       PostgreSQL, or the driver, will not take this statement

None of them ever carries the statement or its parameters: only what PostgreSQL says of itself.
"""


class DatabaseError(Exception):
    """The database could not do what was asked."""


class Unavailable(DatabaseError):
    """The database can't be reached, or the connection was lost; a repeat may succeed."""


class ReadOnly(Unavailable):
    """The server takes no writes (25006): it was demoted, and the primary is elsewhere."""


class TimedOut(DatabaseError):
    """The database did not answer in time; whether a write took place is unknown."""


class Locked(DatabaseError):
    """What the statement needs is locked by someone else, for longer than we wait for a lock."""


class Overloaded(DatabaseError):
    """Too many callers wait for the database already."""


class Refused(DatabaseError):
    """The statement itself is at fault; a repeat would be refused again.

    ``sqlstate`` is PostgreSQL's five-character code, or "" when the driver refused it.
    """

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(sqlstate, message)
        self.sqlstate = sqlstate

    def __str__(self) -> str:
        return " ".join(part for part in self.args if part)
