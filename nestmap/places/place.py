"""A place as a value: its rules, and parsing it from the fields that a client sent."""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ID = re.compile(r"[a-z0-9-]{1,64}")
NAME_LENGTH = 120
NOTE_LENGTH = 500

NUMBER = (int, float, type(None))
NO_NAME = "Enter the name of a place."
UNFIT = re.compile(r"[\x00\ud800-\udfff]")
# Control, format and space characters and single accents are invisible,
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"}
# and so are these, although Unicode counts them among letters and symbols.
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"


class InvalidPlace(ValueError):
    """The place is invalid. `errors` has a sentence for each wrong field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Place:
    """A pinned place. `note` may be empty; it has both coordinates, in degrees, or none.

    `created_at` is the time of pinning, in seconds since 1970; 0 if unknown.
    Raises InvalidPlace.
    """

    id: str
    name: str
    note: str = ""
    latitude: float | None = None
    longitude: float | None = None
    created_at: float = 0.0

    def __post_init__(self) -> None:
        if errors := self._errors():
            raise InvalidPlace(errors)

    @property
    def is_on_the_map(self) -> bool:
        """True if the place has coordinates."""
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
        errors = {}
        if not ID.fullmatch(self.id):
            errors["id"] = "The id has 1 to 64 of the characters a-z, 0-9 and -."
        if not self.name:
            errors["name"] = NO_NAME
        elif error := _text_error("name", self.name, NAME_LENGTH):
            errors["name"] = error
        if error := _text_error("note", self.note, NOTE_LENGTH):
            errors["note"] = error
        if self.latitude is not None or self.longitude is not None:
            if error := _coordinate_error("latitude", self.latitude, 90):
                errors["latitude"] = error
            if error := _coordinate_error("longitude", self.longitude, 180):
                errors["longitude"] = error
        return errors


def parse_place(place_id: str, fields: Mapping[str, Any]) -> Place:
    """Return the place for an id and an object {name, note?, latitude?, longitude?} from a client.

    Raises InvalidPlace with all errors.
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
    """Return a place that is stored in a session. Raises InvalidPlace."""
    if errors := dict(_type_errors(fields)):
        raise InvalidPlace(errors)
    note = fields.get("note") or ""
    position = fields.get("latitude"), fields.get("longitude")
    return Place(place_id, fields["name"], note, *position, created_at=created_at)


def _type_errors(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(fields.get("name"), str):
        yield "name", NO_NAME
    if not isinstance(fields.get("note"), (str, type(None))):
        yield "note", "The note is text."
    for field in ("latitude", "longitude"):
        value = fields.get(field)
        if not isinstance(value, NUMBER) or isinstance(value, bool):
            yield field, f"The {field} is a number of degrees."


def _text_error(field: str, text: str, length: int) -> str | None:
    if len(text) > length:
        return f"A {field} has at most {length} characters."
    if UNFIT.search(text):
        return f"The {field} has a character that can't be kept."
    return None


def _is_visible(text: str) -> bool:
    """Return True if the text has a visible character."""
    return any(
        unicodedata.category(c) not in INVISIBLE_CATEGORIES and c not in FILLERS for c in text
    )


def _coordinate_error(field: str, value: float | None, most: int) -> str | None:
    if value is None:
        return f"Enter the {field} too, or neither."
    if not math.isfinite(value) or abs(value) > most:
        return f"The {field} is a number of degrees from -{most} to {most}."
    return None
