"""A message shown once after an action, in a signed cookie of a minute: showing it writes nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from tornado.web import create_signed_value, decode_signed_value

if TYPE_CHECKING:
    from handlers.base import BaseHandler

SECONDS = 60
# Enough for the longest address of an account or name of a place; a longer text is cut. A browser refuses
# a cookie of more than 4096 bytes.
TEXT_LENGTH = 320


@dataclass(frozen=True, slots=True)
class Flash:
    """A message; `undo` is the id of the removed place that its button restores, or ""."""

    text: str
    undo: str = ""


def say(handler: "BaseHandler", text: str, *, undo: str = "") -> None:
    """Show `text` on the next page that this browser opens, with a button if `undo` is an id."""
    settings = handler.services.settings
    value = orjson.dumps({"text": text[:TEXT_LENGTH], "undo": undo})
    signed = create_signed_value(settings.secrets[0], _name(handler), value)
    handler.set_cookie(_name(handler), signed, max_age=SECONDS, **_attributes(handler))


def take_flash(handler: "BaseHandler") -> Flash | None:
    """Return the message for this page and clear its cookie."""
    name = _name(handler)
    given = handler.get_cookie(name)
    if not given:
        return None
    handler.clear_cookie(name, **_attributes(handler))
    # While the secret is being changed, another instance may sign with another one.
    for secret in handler.services.settings.secrets:
        value = decode_signed_value(secret, name, given, SECONDS / 86400, min_version=2)
        if value:
            return Flash(**orjson.loads(value))
    return None


def _name(handler: "BaseHandler") -> str:
    prefix = "__Host-" if handler.services.settings.cookie_name.startswith("__Host-") else ""
    return f"{prefix}nestmap.flash"


def _attributes(handler: "BaseHandler") -> dict[str, Any]:
    secure = handler.services.settings.production
    return {"path": "/", "httponly": True, "samesite": "Strict", "secure": secure}
