"""Places: what a visitor pins, each under one key of the session."""

import re
import secrets
import unicodedata
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

PREFIX = "place:"
ID = re.compile(r"[a-z0-9-]{1,64}")
NAME_LENGTH = 120
NOTE_LENGTH = 500


class InvalidPlace(ValueError):
    """A place that can't be pinned; ``field`` is "id", "name" or "note"."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Place:
    """A pinned place; ``note`` may be empty. Raises InvalidPlace when a field is unfit."""

    id: str
    name: str
    note: str = ""

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.id):
            raise InvalidPlace("id", "The id has 1 to 64 of the characters a-z, 0-9 and -.")
        if not self.name.strip() or len(self.name) > NAME_LENGTH:
            raise InvalidPlace("name", f"A name has 1 to {NAME_LENGTH} characters.")
        if len(self.note) > NOTE_LENGTH:
            raise InvalidPlace("note", f"A note has at most {NOTE_LENGTH} characters.")
        for field in ("name", "note"):
            if re.search(r"[\x00\ud800-\udfff]", getattr(self, field)):
                raise InvalidPlace(field, f"The {field} has a character that can't be kept.")

    @classmethod
    def parse(cls, place_id: str, fields: Mapping[str, Any]) -> "Place":
        """The place of an id and a JSON object {name, note?}; InvalidPlace when it is none."""
        name, note = fields.get("name"), fields.get("note")
        if not isinstance(name, str):
            raise InvalidPlace("name", f"A name has 1 to {NAME_LENGTH} characters.")
        if note is not None and not isinstance(note, str):
            raise InvalidPlace("note", f"A note has at most {NOTE_LENGTH} characters.")
        return cls(place_id, name, note or "")


def places_of(session: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every place of the session as {id, name, note}, in order of id."""
    found = []
    for key in sorted(key for key in session if key.startswith(PREFIX)):
        fields = session[key]
        # An Express server that shares the table may have other ideas of this key.
        if isinstance(fields, dict) and isinstance(fields.get("name"), str):
            note = str(fields.get("note") or "")
            found.append({"id": key.removeprefix(PREFIX), "name": fields["name"], "note": note})
    return found


def pin(session: MutableMapping[str, Any], place: Place) -> bool:
    """Keep the place; whether it is new (False: it replaced one)."""
    key = PREFIX + place.id
    new = key not in session
    session[key] = {"name": place.name, "note": place.note}
    return new


def unpin(session: MutableMapping[str, Any], place_id: str) -> bool:
    """Remove the place; False when there is none of this id."""
    return session.pop(PREFIX + place_id, None) is not None


def new_id(name: str) -> str:
    """An id for a new place of this name: "São Paulo" is sao-paulo-1f0c7d.

    It is never one that there is: two tabs that pin Paris at once have pinned two places.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "place"
    return f"{stem}-{secrets.token_hex(4)}"
