"""The form of a place: its fields, its errors, and the place that it describes."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from tornado.web import RequestHandler

from handlers.forms import field as read_field
from nestmap.places import InvalidPlace, Place, parse_place
from nestmap.places.towns import Town, find_towns, is_clear

# float() also reads "1_0", "1e1", "nan" and "infinity". Digits may be of any script.
DEGREES = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
# A browser drops line breaks from an <input>, and sends CR LF for each of a <textarea>.
LINE_BREAKS = re.compile(r"\r\n|\r|\n")
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
FIELDS = ("name", "note", "town", "latitude", "longitude")
UNKNOWN_TOWN = "No town of this name is known. Check the spelling, or leave it empty."
SEVERAL_TOWNS = "There are several towns of this name. Choose one."


@dataclass
class PlaceForm:
    """The texts of the fields as they were typed, and the errors.

    `town` is a town with the name of the place; `choices` are the towns to choose from if several
    have the name in the field "town".
    """

    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    errors: dict[str, str] = field(default_factory=dict)
    choices: list[Town] = field(default_factory=list)
    town: Town | None = None
    status: int = 400
    is_draft: bool = False

    @classmethod
    def read(cls, handler: RequestHandler) -> "PlaceForm":
        """Return the posted form. The choice of a town sets latitude and longitude."""
        values = {name: read_field(handler, name) for name in FIELDS}
        latitude, comma, longitude = read_field(handler, "at").partition(",")
        if comma:
            values |= {"town": "", "latitude": latitude, "longitude": longitude}
        return cls(values)

    @classmethod
    def of(cls, place: Place) -> "PlaceForm":
        """Return the form to edit a place."""
        degrees = {"latitude": place.latitude, "longitude": place.longitude}
        texts = {name: "" if value is None else _text(value) for name, value in degrees.items()}
        return cls({"name": place.name, "note": place.note, "town": "", **texts})

    def place(
        self, place_id: str, *, guess: bool = False, before: Place | None = None
    ) -> Place | None:
        """Return the place, or None if there are `errors`.

        With `guess`, a place without a position that has the name of a town gets its position. A text
        of the place `before` that was not edited is kept as it is.
        """
        position = self._position(guess=guess)
        texts = {"name": self.values["name"], "note": self.values["note"]}
        if before and texts["name"] == _as_posted(LINE_BREAKS.sub("", before.name)):
            texts["name"] = before.name
        if before and texts["note"] == _as_posted(LINE_BREAKS.sub("\n", before.note)):
            texts["note"] = before.note
        try:
            place = parse_place(place_id, texts | position)
        except InvalidPlace as error:
            self.errors = error.errors | self.errors
            return None
        return None if self.errors else place

    def refuse(self, status: int, reason: str) -> None:
        """Add an error that belongs to no field."""
        self.status = status
        self.errors["form"] = reason

    def focus(self, name: str) -> dict[str, str]:
        """Return the attributes of a field; the first one with an error gets the focus.

        An error of the whole form has the focus itself.
        """
        first = next((known for known in FIELDS if known in self.errors), None)
        return {"autofocus": ""} if name == first else {}

    def _position(self, *, guess: bool) -> dict[str, float]:
        if self.values["town"]:
            return self._town()
        entered = {name: self.values[name] for name in ("latitude", "longitude")}
        if any(entered.values()):
            return {name: self._degrees(name, text) for name, text in entered.items() if text}
        found = find_towns(self.values["name"]) if guess else []
        self.town = found[0] if is_clear(found) else None
        return _at(self.town) if self.town else {}

    def _town(self) -> dict[str, float]:
        found = find_towns(self.values["town"])
        if is_clear(found):
            return _at(found[0])
        self.errors["town"] = SEVERAL_TOWNS if found else UNKNOWN_TOWN
        self.choices = found
        return {}

    def _degrees(self, name: str, text: str) -> float:
        number = text.replace(",", ".")
        if DEGREES.fullmatch(number):
            return float(number)
        self.errors[name] = f"The {name} is a number of degrees, such as 35.02."
        return 0.0


def _as_posted(text: str) -> str:
    """Return a text as `field()` reads it: without outer blanks, with blanks for control characters."""
    return CONTROLS.sub(" ", text).strip()


def _text(degrees: float) -> str:
    """Return all digits of a number, because a change of another field sends them back."""
    return f"{Decimal(repr(degrees)):f}".removesuffix(".0")


def _at(town: Town) -> dict[str, float]:
    return {"latitude": town.latitude, "longitude": town.longitude}
