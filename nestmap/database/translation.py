"""Translates errors of the driver and of libpq to DatabaseError."""

import asyncio
import re

import psycopg2

from nestmap.database.connection_string import ConnectionParameters, describe
from nestmap.database.errors import (
    DatabaseError,
    Locked,
    ReadOnly,
    Refused,
    TimedOut,
    Unavailable,
    UnsupportedCharacter,
)

# Classes of SQLSTATE for errors of the server, not of the statement: connection, rollback (deadlock,
# serialization), resources, operator intervention, system.
TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "58")

# The beginning of libpq's messages, which describes the server; it is replaced by our own words.
LIBPQ_PREFIX = re.compile(r"connection to server (at|on) .*? failed: |FATAL: ")


def is_cancelled(error: BaseException) -> bool:
    """Return True if the task was cancelled.

    aiopg also raises CancelledError for a statement that the *server* cancelled (statement_timeout,
    pg_cancel_backend). Only a real cancellation is counted by cancelling().
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def failed_to_connect(
    error: BaseException, parameters: ConnectionParameters, limit: float
) -> Unavailable:
    """Return an error with the server and the reason of a failed attempt.

    psycopg2 leaves ``diag`` empty after a failed connect. The reason is in libpq's text, which never
    contains the password.
    """
    if isinstance(error, TimeoutError):
        reason = f"no answer within {limit:g} s"
    else:
        reason = LIBPQ_PREFIX.sub("", " ".join(str(error).split())) or type(error).__name__
    return Unavailable(f"{describe(parameters)}: {reason}")


def translated(error: BaseException, *, lost: bool) -> BaseException:
    """Return the DatabaseError for an error. Its message never contains the statement or parameters."""
    match error:
        case asyncio.CancelledError():
            if is_cancelled(error):
                return error
            return TimedOut("the statement was cancelled by the server")
        case TimeoutError():
            return TimedOut("the database did not answer in time")
        case psycopg2.Error():
            return _of_psycopg2(error, lost=lost)
        case ValueError():
            # A NUL or a lone surrogate in a parameter: refused before anything is sent.
            return UnsupportedCharacter("", "a parameter has a character that can't be sent")
        case OSError():
            return Unavailable(type(error).__name__)
    return error


def _of_psycopg2(error: psycopg2.Error, *, lost: bool) -> DatabaseError:
    sqlstate = error.pgcode or ""
    message = error.diag.message_primary or type(error).__name__
    if sqlstate == "25006":
        return ReadOnly(message)
    if sqlstate == "55P03":
        return Locked(message)
    if sqlstate == "57014":
        return TimedOut(message)
    if sqlstate == "22P05":
        return UnsupportedCharacter(sqlstate, message)
    if (
        lost
        or sqlstate.startswith(TRANSIENT_SQLSTATES)
        or isinstance(error, psycopg2.InterfaceError)
    ):
        return Unavailable(f"{sqlstate} {message}".strip())
    return Refused(sqlstate, message)
