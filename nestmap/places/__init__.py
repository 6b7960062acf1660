"""Places that users pin: those of a visitor are in the session, those of an account in a table."""

from nestmap.places.account import MOST_PLACES, AccountPlaces, MapFull
from nestmap.places.export import csv_table, geojson
from nestmap.places.ids import new_id, new_key
from nestmap.places.place import InvalidPlace, Place, parse_place
from nestmap.places.removed import keep_removed, read_removed, take_removed
from nestmap.places.visitor import PREFIX, VisitorPlaces, session_places

__all__ = [
    "MOST_PLACES",
    "PREFIX",
    "AccountPlaces",
    "InvalidPlace",
    "MapFull",
    "Place",
    "VisitorPlaces",
    "csv_table",
    "geojson",
    "keep_removed",
    "new_id",
    "new_key",
    "parse_place",
    "read_removed",
    "session_places",
    "take_removed",
]
