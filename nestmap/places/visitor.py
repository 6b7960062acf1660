"""The places of a visitor: in the session, each with its own key."""

import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from nestmap.places.place import InvalidPlace, Place, read_place

PREFIX = "place:"

# Python has no later times; another program may have written one.
YEAR_10000 = 253_402_300_800


class VisitorPlaces:
    """Reads and changes the places in `session`, with the same asynchronous methods as AccountPlaces.

    Changes are written when the session is committed, which refuses them if the session has lapsed.
    They may raise SessionTooLarge.
    """

    def __init__(self, session: MutableMapping[str, Any]) -> None:
        self._session = session

    async def all(self) -> list[Place]:
        """Return all places, in order of id."""
        return session_places(self._session)

    async def get(self, place_id: str) -> Place | None:
        """Return the place with this id, or None."""
        return read_entry(place_id, self._session.get(PREFIX + place_id))

    async def put(self, place: Place) -> bool:
        """Store a place; return True if it is new, False if it replaced one."""
        replaced = await self.get(place.id)
        created_at = replaced.created_at if replaced else place.created_at or time.time()
        self._session[PREFIX + place.id] = entry(place, created_at)
        return replaced is None

    async def remove(self, place_id: str) -> Place | None:
        """Remove the place with this id and return it, or None if there is none."""
        removed = await self.get(place_id)
        if removed:
            del self._session[PREFIX + place_id]
        return removed


def session_places(session: Mapping[str, Any]) -> list[Place]:
    """Return the places in a session, in order of id.

    `nestmap.places_in` in sql/site reads them in the same way. An Express server with the same
    table may store other data under such a key, which is skipped.
    """
    keys = sorted(key for key in session if key.startswith(PREFIX))
    places = (read_entry(key.removeprefix(PREFIX), session[key]) for key in keys)
    return [place for place in places if place]


def entry(place: Place, created_at: float) -> dict[str, Any]:
    """Return the value that a session has under the key of a place."""
    fields: dict[str, Any] = {"name": place.name, "note": place.note}
    if place.is_on_the_map:
        fields |= {"latitude": place.latitude, "longitude": place.longitude}
    return fields | {"created_at": round(created_at, 3)}


def read_entry(place_id: str, fields: object) -> Place | None:
    """Return the place that a session has under the key of `place_id`, or None if it is none."""
    if not isinstance(fields, dict):
        return None
    created_at = fields.get("created_at")
    if not (isinstance(created_at, (int, float)) and 0 <= created_at < YEAR_10000):
        created_at = 0.0
    try:
        return read_place(place_id, fields, created_at)
    except InvalidPlace:
        return None
