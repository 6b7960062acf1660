"""The last removed place, which is kept in the session so that the removal can be undone."""

from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from nestmap.places.place import Place
from nestmap.places.visitor import PREFIX, entry, read_entry
from nestmap.sessions import SessionTooLarge

# Shorter than the prefix of a place: in a full session, the copy fits where the place was.
REMOVED = "gone:"
assert len(REMOVED) < len(PREFIX)


def keep_removed(session: MutableMapping[str, Any], *places: Place) -> None:
    """Keep places for an undo, and none that was removed before; one that does not fit is not kept."""
    take_removed(session)
    for place in places:
        with suppress(SessionTooLarge):
            session[REMOVED + place.id] = entry(place, place.created_at)


def read_removed(session: Mapping[str, Any]) -> dict[str, Place]:
    """Return the last removed place by its id, or several if their removals ran at once."""
    keys = [key for key in session if key.startswith(REMOVED)]
    places = (read_entry(key.removeprefix(REMOVED), session[key]) for key in keys)
    return {place.id: place for place in places if place}


def take_removed(session: MutableMapping[str, Any]) -> list[Place]:
    """Return what `read_removed` returns, and keep it no longer."""
    removed = read_removed(session)
    for place_id in removed:
        del session[REMOVED + place_id]
    return list(removed.values())
