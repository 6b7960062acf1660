"""Sessions in PostgreSQL for any Tornado site.

A site passes a ``Sessions`` to its application and derives its handlers from ``SessionHandler``; the
handlers read and change ``self.session``. See docs/sessions.md.
"""

from nestmap.database import DatabaseError, SchemaError
from nestmap.sessions.admin import SessionAdmin
from nestmap.sessions.client import client_of
from nestmap.sessions.clock import DatabaseClock
from nestmap.sessions.cookie import SessionCookie
from nestmap.sessions.events import Event, Events, Source
from nestmap.sessions.failures import FAILURES, Failure, failure_of, log_level
from nestmap.sessions.figures import Figures, HistoryPoint, NotSampled
from nestmap.sessions.handler import SessionHandler
from nestmap.sessions.hold import Response
from nestmap.sessions.listing import BadAddress, BadCursor, ListedSession, SessionPage
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.pruner import Pruner
from nestmap.sessions.records import Client, Lapsed
from nestmap.sessions.seals import Seals
from nestmap.sessions.session import Session
from nestmap.sessions.sessions import Sessions
from nestmap.sessions.values import SessionTextError, SessionTooLarge, SessionValueError
from nestmap.sessions.writes import SessionEnded

__all__ = [
    "FAILURES",
    "BadAddress",
    "BadCursor",
    "Client",
    "DatabaseClock",
    "DatabaseError",
    "Event",
    "Events",
    "Failure",
    "Figures",
    "HistoryPoint",
    "Lapsed",
    "ListedSession",
    "NotSampled",
    "Pruner",
    "Response",
    "SchemaError",
    "Seals",
    "Session",
    "SessionAdmin",
    "SessionCookie",
    "SessionEnded",
    "SessionHandler",
    "SessionOptions",
    "SessionPage",
    "SessionTextError",
    "SessionTooLarge",
    "SessionValueError",
    "Sessions",
    "Source",
    "client_of",
    "failure_of",
    "log_level",
]
