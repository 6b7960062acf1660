"""The errors of the database.

DatabaseError
├── Unavailable   no connection, or it was lost during a statement
│   └── ReadOnly  the server is no longer the primary
├── TimedOut      a limit on connecting, waiting or running was reached
├── Locked        a row or table is locked by another transaction for too long
├── Overloaded    too many callers wait already
└── Refused       PostgreSQL, or the driver, does not accept the statement
    └── UnsupportedCharacter  the database's encoding lacks a character of a parameter

Messages never contain a statement or its parameters.
"""


class DatabaseError(Exception):
    """The statement failed.

    ``unknown`` is True if a statement was sent and there was no answer: it may have been carried out,
    or may still be. An error from PostgreSQL means that nothing was changed.
    """

    unknown = False


class Unavailable(DatabaseError):
    """The database can't be reached, or the connection was lost; a retry may succeed."""


class ReadOnly(Unavailable):
    """The server takes no writes (25006): it was demoted, and the primary is elsewhere."""


class TimedOut(DatabaseError):
    """The database did not answer in time, or the statement reached its time limit."""


class Locked(DatabaseError):
    """The statement needs a lock that another transaction held for longer than the lock timeout."""


class Overloaded(DatabaseError):
    """Too many callers wait for the database already."""


class Refused(DatabaseError):
    """The statement itself is wrong: a retry would be refused again.

    ``sqlstate`` is PostgreSQL's five-character code, or "" if the driver refused the statement.
    """

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(sqlstate, message)
        self.sqlstate = sqlstate

    def __str__(self) -> str:
        return " ".join(part for part in self.args if part)


class UnsupportedCharacter(Refused):
    """A parameter has a character that can't be stored.

    A NUL and a lone surrogate never can; the encoding of the database may lack others (22P05).
    """
