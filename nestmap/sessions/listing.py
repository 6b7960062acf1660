"""Lists of sessions, a page at a time: by user, by address, by public id, or the newest of all."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions.options import SessionOptions

# The most sessions that list() returns.
MOST = 200

PAGE = 25

# The most rows that one page reads: there may be millions of expired sessions to skip. A page has
# fewer sessions than this.
LOOKS = 1000

CURSOR = re.compile(r"(\d{1,16})_([0-9A-Za-z-]{1,64})(?:_([0-9a-f.:]{2,45}))?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A live session, without its sid. Times are seconds since the epoch, UTC.

    ``user_id`` is None for an anonymous session.
    """

    id: str
    user_id: str | None
    created_at: float
    signed_in_at: float | None
    last_seen_at: float
    expires_at: float
    idle: int | None
    ip: str | None
    user_agent: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ListedSession":
        """Return the session of a row."""
        return cls(**{name: row[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of a list. ``next`` is the cursor of the next page, None for the last page."""

    sessions: list[ListedSession]
    next: str | None


class BadCursor(ValueError):
    """The cursor is not from a page."""


class BadAddress(ValueError):
    """The text is neither an IP address nor a network."""


@dataclass(frozen=True, slots=True)
class Key:
    """The beginning of a page: after the session with this time, id and, in some lists, address."""

    moment: str = "infinity"
    id: str = ""
    ip: str | None = None

    @classmethod
    def of(cls, cursor: str | None) -> "Key":
        """Return the key of a cursor; None is the first page. Raises BadCursor."""
        if cursor is None:
            return cls()
        match = CURSOR.fullmatch(cursor)
        if match is None:
            raise BadCursor("the cursor is not one that a page gave")
        moment = EPOCH + timedelta(microseconds=int(match[1]))
        return cls(moment.isoformat(), match[2], match[3] and str(_address(match[3])))


class SessionLists:
    """Reads pages of sessions. All methods may raise DatabaseError."""

    def __init__(self, database: Database, options: SessionOptions) -> None:
        self._database = database
        self._absolute = options.absolute
        self._sql = queries("sessions/admin", options.names)

    async def authenticated_within(self, public_id: str, seconds: int) -> bool:
        """Return True if the user of a session gave the password in the last ``seconds``."""
        row = await self._database.one(
            self._sql["authenticated_within"],
            {"id": public_id, "seconds": seconds},
            idempotent=True,
        )
        return row is not None and bool(row[0])

    async def newest(self, cursor: str | None, most: int) -> SessionPage:
        """Return signed-in sessions, the newest sign-in first."""
        key = Key.of(cursor)
        rows = await self._rows("newest_sessions", most, moment=key.moment, id=key.id)
        return _page(rows, most, "moment")

    async def of_users(self, user_ids: Sequence[str], cursor: str | None, most: int) -> SessionPage:
        """Return the sessions of these users, the newest sign-in first."""
        key = Key.of(cursor)
        parameters = {"user_ids": list(user_ids), "moment": key.moment, "id": key.id}
        return _page(await self._rows("sessions_of_users", most, **parameters), most, "moment")

    async def of_network(self, text: str, cursor: str | None, most: int) -> SessionPage:
        """Return the sessions of an address or a network, also anonymous ones.

        The highest address is first; for each address, the newest session. Raises BadAddress.
        """
        lowest, highest = _bounds(text)
        key = Key.of(cursor)
        if cursor is not None and key.ip is None:
            raise BadCursor("the cursor is that of another list")
        rows = await self._rows(
            "sessions_of_network",
            most,
            lowest=lowest,
            ip=key.ip or highest,
            moment=key.moment,
            id=key.id,
        )
        return _page(rows, most, "created", "ip")

    async def of_id(self, public_id: str) -> SessionPage:
        """Return a page with the live session of this public id, or an empty page."""
        parameters = {"id": public_id, "absolute": self._absolute}
        rows = await self._database.rows(self._sql["session_by_id"], parameters, idempotent=True)
        return SessionPage([ListedSession.of(row) for row in rows], None)

    async def _rows(self, name: str, most: int, **parameters: Any) -> list[dict[str, Any]]:
        """Return the sessions of a page and one more, which shows that there is another page."""
        limits = {"absolute": self._absolute, "looks": LOOKS, "most": most + 1}
        return await self._database.rows(self._sql[name], parameters | limits, idempotent=True)


def _page(rows: list[dict[str, Any]], most: int, moment: str, ip: str | None = None) -> SessionPage:
    """Return the page of these rows; the next begins after its last session, or where reading ended."""
    live = [row for row in rows if row["is_live"]][:most]
    more = len(live) == most and rows[-1] is not live[-1]
    last = live[-1] if more else next((row for row in rows if row["number"] >= LOOKS), None)
    following = _cursor(last, moment, ip) if last else None
    return SessionPage([ListedSession.of(row) for row in live], following)


def _cursor(row: dict[str, Any], moment: str, ip: str | None) -> str:
    microseconds = (row[moment] - EPOCH) // timedelta(microseconds=1)
    return f"{max(microseconds, 0)}_{row['id']}" + (f"_{row[ip]}" if ip else "")


def _bounds(text: str) -> tuple[str, str]:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise BadAddress("this is neither an IP address nor a network such as 10.0.0.0/8") from None
    return str(network[0]), str(network[-1])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise BadCursor("the cursor has no address") from None
