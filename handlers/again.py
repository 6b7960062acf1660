"""The form of a post that was not carried out, with what was typed, for the page that says so."""

from dataclasses import dataclass

from tornado.web import RequestHandler

# What people typed is shown in these fields; everything else goes along hidden.
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
    """A way on: it sends the form to `action` ("": where it was sent), with `name` if there is one."""

    label: str
    action: str = ""
    name: str = ""


def again_fields(handler: RequestHandler, *, with_session: bool) -> list[Again]:
    """Return what was posted, without passwords; with the id of its session if that still counts."""
    left_out = () if with_session else ("_session",)
    fields = handler.request.body_arguments
    return [_again(name, values[-1]) for name, values in fields.items() if name not in left_out]


def _again(name: str, value: bytes) -> Again:
    label, kind = LABELS.get(name, ("", "hidden"))
    if kind == "password":
        return Again(name, label, kind, "")
    # A field that was left empty is not shown again.
    return Again(name, label, kind if value else "hidden", value.decode("utf-8", "replace"))
