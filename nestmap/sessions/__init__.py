"""Sessions in PostgreSQL for Tornado: the value, the manager, the store, the cookie, the pruner.

The package knows no handler and no page; a second Tornado site could take it along.
"""

from nestmap.sessions.cookie import SessionCookie
from nestmap.sessions.lifetimes import Lifetimes
from nestmap.sessions.manager import Plan, SessionManager
from nestmap.sessions.pruner import Pruner
from nestmap.sessions.records import Client, User, public_id
from nestmap.sessions.session import Session
from nestmap.sessions.store import SessionStore
from nestmap.sessions.values import SessionTooLarge, SessionValueError
from nestmap.sessions.writes import SessionEnded, Written

__all__ = [
    "Client",
    "Lifetimes",
    "Plan",
    "Pruner",
    "Session",
    "SessionCookie",
    "SessionEnded",
    "SessionManager",
    "SessionStore",
    "SessionTooLarge",
    "SessionValueError",
    "User",
    "Written",
    "public_id",
]
