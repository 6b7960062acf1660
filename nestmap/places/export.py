"""Places as files to download: GeoJSON (RFC 7946) and CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import orjson

from nestmap.places.place import Place
from nestmap.sessions.figures import iso

COLUMNS = ["id", "name", "note", "latitude", "longitude", "created_at"]
# The last four are the full-width forms of the first four.
FORMULA_STARTS = (*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def geojson(places: Iterable[Place]) -> bytes:
    """Return a FeatureCollection; places without coordinates have the geometry null."""
    features = [_feature(place) for place in places]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def csv_table(places: Iterable[Place]) -> bytes:
    """Return a table in UTF-8 with a byte order mark, which tells spreadsheets the encoding."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for place in places:
        position = (place.latitude, place.longitude)
        words = (_not_a_formula(place.name), _not_a_formula(place.note))
        writer.writerow((place.id, *words, *position, _moment(place)))
    return text.getvalue().encode("utf-8-sig")


def _feature(place: Place) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [place.longitude, place.latitude]}
    return {
        "type": "Feature",
        "id": place.id,
        "geometry": point if place.is_on_the_map else None,
        "properties": {"name": place.name, "note": place.note, "created_at": _moment(place)},
    }


def _not_a_formula(text: str) -> str:
    """Escape text that a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _moment(place: Place) -> str | None:
    return iso(place.created_at) if place.created_at else None
