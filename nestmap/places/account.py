"""The places of an account: in the table `nestmap.places`.

How a visitor's places move to the account is not here: PostgreSQL does it in the transaction of the
sign-in, with `nestmap.take_places` in sql/site/migrations/0003-places.sql.
"""

import asyncio
import time
from typing import Any

from nestmap.database import Database, DatabaseError, TimedOut, seconds_left
from nestmap.places.place import Place
from nestmap.queries import queries
from nestmap.sessions import DatabaseClock, SessionEnded
from nestmap.timeouts import TIMEOUTS

SQL = queries("site/places")

# The same number is in sql/site/migrations/0003-places.sql.
MOST_PLACES = 1_000


class MapFull(Exception):
    """The account has the maximum of 1,000 places."""


class AccountPlaces:
    """Reads and changes the places of account `user_id` for a request of the session `session_id`, `sid`.

    All methods may raise DatabaseError. A change raises SessionEnded unless the session is live and
    signed in to the account at the time of the change.
    A change is not repeated, and it is not made after its request has failed.
    """

    def __init__(
        self, database: Database, clock: DatabaseClock, user_id: str, session_id: str, sid: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._account = {"user_id": user_id}
        self._session = {"user_id": user_id, "session_id": session_id, "sid": sid}

    async def all(self) -> list[Place]:
        """Return all places, in order of id."""
        rows = await self._database.all(SQL["account_places"], self._account, idempotent=True)
        return [Place(*row) for row in rows]

    async def get(self, place_id: str) -> Place | None:
        """Return the place with this id, or None."""
        parameters = {**self._account, "id": place_id}
        row = await self._database.one(SQL["account_place"], parameters, idempotent=True)
        return Place(*row) if row else None

    async def put(self, place: Place) -> bool:
        """Store a place; return True if it is new, False if it replaced one. Raises MapFull."""
        parameters = {**self._session, **place.json(), "created_at": place.created_at or None}
        row = await self._change("put_place", parameters)
        match row and row[0]:
            case "late":
                raise _too_late()
            case "new":
                return True
            case "replaced":
                return False
            case "full":
                raise MapFull
        raise SessionEnded

    async def remove(self, place_id: str) -> Place | None:
        """Remove the place with this id and return it, or None if there is none."""
        parameters = {**self._session, "id": place_id}
        row = await self._change("remove_place", parameters)
        if row is None:
            raise SessionEnded
        *place, in_time = row
        if place[0] is None and not in_time:
            raise _too_late()
        return Place(*place) if place[0] else None

    async def _change(self, query: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
        """Run a change with a deadline.

        If its outcome is unknown, the error is raised after the deadline.
        """
        until = time.monotonic() + seconds_left(TIMEOUTS.total)
        deadline = {"until": self._clock.at(until)}
        try:
            return await self._database.one(SQL[query], parameters | deadline)
        except DatabaseError as error:
            if error.unknown:
                await asyncio.sleep(until - time.monotonic())
            raise


def _too_late() -> TimedOut:
    """Return a new error.

    An error that is raised again keeps the frames of all requests that raised it.
    """
    return TimedOut("the change came too late")
