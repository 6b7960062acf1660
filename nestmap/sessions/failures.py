"""Error responses for requests whose session could not be loaded or committed."""

import logging
from dataclasses import dataclass

from nestmap.database import DatabaseError, Overloaded, Unavailable, UnsupportedCharacter
from nestmap.sessions.values import SessionTextError, SessionTooLarge
from nestmap.sessions.writes import SessionEnded

FAILURES = (DatabaseError, SessionEnded, SessionTooLarge, SessionTextError)

# Seconds after which a client may try again.
RETRY_AFTER = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """Status, code and message of an error response; ``retry_after`` in seconds, or None."""

    status: int
    code: str
    message: str
    retry_after: int | None = None


ENDED = Failure(
    401, "session_ended", "The session was ended, so this was not saved. Sign in again."
)
TOO_LARGE = Failure(413, "session_too_large", "The session is full. Remove something first.")
UNSUPPORTED = Failure(
    400, "unsupported_character", "A character of this can't be stored here. Write it without."
)
OVERLOADED = Failure(503, "overloaded", "Too many requests. Try again in a moment.", RETRY_AFTER)
UNAVAILABLE = Failure(
    503, "unavailable", "The session store can't be reached. Try again in a moment.", RETRY_AFTER
)


def failure_of(error: BaseException) -> Failure:
    """Return the failure for ``error``; one that is none of FAILURES is told as an outage."""
    match error:
        case SessionEnded():
            return ENDED
        case SessionTooLarge():
            return TOO_LARGE
        case UnsupportedCharacter() | SessionTextError():
            return UNSUPPORTED
        case Overloaded():
            return OVERLOADED
    return UNAVAILABLE


def log_level(error: BaseException) -> int:
    """Return the level at which a request logs ``error``.

    An outage is logged by nestmap.database, once and not for each request.
    """
    return logging.DEBUG if isinstance(error, Unavailable) else logging.WARNING
