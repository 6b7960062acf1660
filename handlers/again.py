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
    "email": ("Email", "email"),
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


def again_fields(handler: RequestHandler, *, with_session: bool) -> list[Again]:
    """Return the posted fields without passwords.

    The id of the session is among them only if it is still valid.
    """
    left_out = () if with_session else (FORM_FIELD,)
    fields = handler.request.body_arguments
    return [_again(name, values[-1]) for name, values in fields.items() if name not in left_out]


def _again(name: str, value: bytes) -> Again:
    label, kind = LABELS.get(name, ("", "hidden"))
    if kind == "password":
        return Again(name, label, kind, "")
    # Empty fields are not shown again.
    return Again(name, label, kind if value else "hidden", value.decode("utf-8", "replace"))
