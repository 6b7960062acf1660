"""The last removed place, which is kept in the session so that the removal can be undone."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from nestmap.places.place import InvalidPlace, Place, read_place
from nestmap.sessions import SessionTooLarge

KEY = "removed"


def keep_removed(session: MutableMapping[str, Any], place: Place) -> bool:
    """Store a place for an undo; return False if it does not fit into the session."""
    try:
        session[KEY] = place.json() | {"created_at": place.created_at}
    except SessionTooLarge:
        drop_removed(session)
        return False
    return True


def read_removed(session: Mapping[str, Any]) -> Place | None:
    """Return the last removed place, or None."""
    fields = session.get(KEY)
    if not isinstance(fields, dict):
        return None
    try:
        return read_place(str(fields.get("id")), fields, float(fields.get("created_at") or 0))
    except (InvalidPlace, TypeError, ValueError):
        return None


def take_removed(session: MutableMapping[str, Any]) -> Place | None:
    """Return the last removed place, or None, and keep it no longer."""
    place = read_removed(session)
    drop_removed(session)
    return place


def drop_removed(session: MutableMapping[str, Any]) -> None:
    """Delete it after another change."""
    session.pop(KEY, None)
