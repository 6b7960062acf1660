"""What is said once after an action: in a signed cookie of a minute, so that showing it writes nothing."""

from dataclasses import dataclass
from typing import Any

import orjson
from tornado.web import create_signed_value, decode_signed_value

from handlers.base import BaseHandler

SECONDS = 60
# A text can quote the name of a place; one that is longer than any is cut.
TEXT_LENGTH = 240


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence; with `undo` it is shown beside a button that undoes the removal of a place."""

    text: str
    undo: bool = False


def say(handler: BaseHandler, text: str, *, undo: bool = False) -> None:
    """Say `text` on the next page that this browser opens."""
    settings = handler.services.settings
    value = orjson.dumps({"text": text[:TEXT_LENGTH], "undo": undo})
    signed = create_signed_value(settings.secrets[0], _name(handler), value)
    handler.set_cookie(_name(handler), signed, max_age=SECONDS, **_attributes(handler))


def take_flash(handler: BaseHandler) -> Flash | None:
    """Return what is to be said on this page, and make the browser forget it."""
    name = _name(handler)
    given = handler.get_cookie(name)
    if not given:
        return None
    handler.clear_cookie(name, **_attributes(handler))
    secret = handler.services.settings.secrets[0]
    value = decode_signed_value(secret, name, given, SECONDS / 86400, min_version=2)
    return Flash(**orjson.loads(value)) if value else None


def _name(handler: BaseHandler) -> str:
    prefix = "__Host-" if handler.services.settings.cookie_name.startswith("__Host-") else ""
    return f"{prefix}nestmap.flash"


def _attributes(handler: BaseHandler) -> dict[str, Any]:
    secure = handler.services.settings.production
    return {"path": "/", "httponly": True, "samesite": "Strict", "secure": secure}
