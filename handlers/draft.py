"""The typed fields of a place, kept during a sign-in after the session of the form had ended."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
from tornado.web import RequestHandler

from handlers.forms import field
from handlers.place_form import FIELDS, PlaceForm
from nestmap.sessions import SessionTooLarge

# Enough for a place with the longest texts as JSON; longer drafts are not kept.
DRAFT_LENGTH = 8_000


def draft_json(handler: RequestHandler, path: str) -> str:
    """Return the fields that were posted to `path` as the text of a hidden field."""
    return orjson.dumps({name: field(handler, name) for name in FIELDS} | {"path": path}).decode()


def keep_draft(session: MutableMapping[str, Any], text: str) -> bool:
    """Store a draft in the session of the user who just signed in, if the text is a draft.

    Return False if it does not fit.
    """
    if draft := _read(text):
        try:
            session["draft"] = draft
        except SessionTooLarge:
            return False
    return True


def draft_of(session: Mapping[str, Any], path: str) -> PlaceForm | None:
    """Return the form with the stored draft for `path`, or None."""
    draft = session.get("draft")
    if not isinstance(draft, dict) or draft.get("path") != path:
        return None
    return PlaceForm({name: str(draft.get(name) or "") for name in FIELDS}, is_draft=True)


def drop_draft(session: MutableMapping[str, Any]) -> None:
    """Delete the draft after a place was stored."""
    session.pop("draft", None)


def _read(text: str) -> dict[str, str]:
    try:
        found = orjson.loads(text) if len(text) <= DRAFT_LENGTH else None
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: str(found.get(name) or "") for name in ("path", *FIELDS)}
