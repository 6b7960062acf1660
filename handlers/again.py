"""The fields and buttons with which an error page offers to send a failed form again."""

from dataclasses import dataclass

from tornado.web import RequestHandler

from nestmap.sessions.handler import FORM_FIELD

# These fields are shown with what was typed; all others are hidden.
LABELS = {
    "name": ("Place", "text"),
    "note": ("Note", "textarea"),
    "town": ("Town", "text"),
    "latitude": ("Latitude", "text"),
    "longitude": ("Longitude", "text"),
    "email": ("Email", "text"),
    "password": ("Password", "password"),
    "current_password": ("Current password", "password"),
    "new_password": ("New password", "password"),
}


@dataclass(frozen=True, slots=True)
class Again:
    """One field of the form; `kind` is "hidden", "textarea" or the type of an input."""

    name: str
    label: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button that sends the form to `action` ("": the same path again), with `name` if given."""

    label: str
    action: str = ""
    name: str = ""


def again_fields(handler: RequestHandler, *, ended: bool) -> list[Again]:
    """Return the posted fields, passwords without what was typed.

    If the session has ended, its id is not among them, and no password: a sign-in comes first.
    """
    posted = handler.request.body_arguments.items()
    fields = [_again(name, values[-1]) for name, values in posted]
    if not ended:
        return fields
    return [one for one in fields if one.name != FORM_FIELD and one.kind != "password"]


def _again(name: str, value: bytes) -> Again:
    label, kind = LABELS.get(name, ("", "hidden"))
    if kind == "password":
        return Again(name, label, kind, "")
    # Empty fields are not shown again.
    return Again(name, label, kind if value else "hidden", value.decode("utf-8", "replace"))
