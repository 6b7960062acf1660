"""A place as a value: what it may hold, and how it is read from what a client sent."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ID = re.compile(r"[a-z0-9-]{1,64}")
NAME_LENGTH = 120
NOTE_LENGTH = 500

NO_NAME = "Enter the name of a place."
UNFIT = re.compile(r"[\x00\ud800-\udfff]")
# Control, format and space characters and lone accents show nothing,
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"}
# and neither do these, which Unicode counts among letters and symbols.
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"


class InvalidPlace(ValueError):
    """A place that can't be kept. `errors` has a sentence for each field that is wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Place:
    """A pinned place. `note` may be empty; a place has both coordinates or none, in degrees.

    `created_at` is when it was pinned, in seconds since 1970; 0 where that is not known.
    Raises InvalidPlace.
    """

    id: str
    name: str
    note: str = ""
    latitude: float | None = None
    longitude: float | None = None
    created_at: float = 0.0

    def __post_init__(self) -> None:
        errors = {field: text for field, text in self._errors().items() if text}
        if errors:
            raise InvalidPlace(errors)

    @property
    def is_on_the_map(self) -> bool:
        """Return True if the place has coordinates."""
        return self.latitude is not None

    def json(self) -> dict[str, Any]:
        """Return the place as the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "note": self.note,
            "latitude": self.latitude,
            "longitude": self.longitude,
        }

    def _errors(self) -> dict[str, str]:
        id_error = "The id has 1 to 64 of the characters a-z, 0-9 and -."
        return {
            "id": "" if ID.fullmatch(self.id) else id_error,
            "name": _text_error("name", self.name, NAME_LENGTH) if self.name else NO_NAME,
            "note": _text_error("note", self.note, NOTE_LENGTH),
            "latitude": _coordinate_error("latitude", self.latitude, 90, self.longitude),
            "longitude": _coordinate_error("longitude", self.longitude, 180, self.latitude),
        }


def parse_place(place_id: str, fields: Mapping[str, Any]) -> Place:
    """Return the place that a client sent: an id and an object {name, note?, latitude?, longitude?}.

    Raises InvalidPlace, with all that is wrong.
    """
    name = fields.get("name")
    shows_nothing = isinstance(name, str) and not _is_visible(name[:NAME_LENGTH])
    unseen = {"name": NO_NAME} if shows_nothing else {}
    try:
        place = read_place(place_id, fields)
    except InvalidPlace as error:
        raise InvalidPlace(error.errors | unseen) from None
    if unseen:
        raise InvalidPlace(unseen)
    return place


def read_place(place_id: str, fields: Mapping[str, Any], created_at: float = 0.0) -> Place:
    """Return the place that a session holds. Raises InvalidPlace."""
    errors = {field: text for field, text in _type_errors(fields).items() if text}
    if errors:
        raise InvalidPlace(errors)
    note = fields.get("note") or ""
    position = fields.get("latitude"), fields.get("longitude")
    return Place(place_id, fields["name"], note, *position, created_at=created_at)


def _type_errors(fields: Mapping[str, Any]) -> dict[str, str]:
    note = fields.get("note")
    errors = {
        "name": "" if isinstance(fields.get("name"), str) else NO_NAME,
        "note": "" if note is None or isinstance(note, str) else "The note is text.",
    }
    for field in ("latitude", "longitude"):
        value = fields.get(field)
        is_number = isinstance(value, int | float | None) and not isinstance(value, bool)
        errors[field] = "" if is_number else f"The {field} is a number of degrees."
    return errors


def _text_error(field: str, text: str, length: int) -> str:
    if len(text) > length:
        return f"A {field} has at most {length} characters."
    if UNFIT.search(text):
        return f"The {field} has a character that can't be kept."
    return ""


def _is_visible(text: str) -> bool:
    """Return True if the text shows anything when it is printed."""
    return any(
        unicodedata.category(c) not in INVISIBLE_CATEGORIES and c not in FILLERS for c in text
    )


def _coordinate_error(field: str, value: float | None, most: int, other: float | None) -> str:
    if value is None:
        return "" if other is None else f"Enter the {field} too, or neither."
    if not math.isfinite(value) or abs(value) > most:
        return f"The {field} is a number of degrees from -{most} to {most}."
    return ""
