"""Reading JSON bodies and form fields."""

from typing import Any

import orjson
from tornado.web import RequestHandler

from handlers.errors import SiteError


def json_object(handler: RequestHandler) -> dict[str, Any]:
    """Return the JSON object in the body; SiteError 400 if it is not one."""
    try:
        found = orjson.loads(handler.request.body)
    except ValueError:
        raise SiteError(400, "invalid_json", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise SiteError(400, "invalid_json", "The body is not a JSON object.")
    return found


def credentials(handler: RequestHandler) -> tuple[str, str]:
    """Return email address and password of a JSON body; SiteError 400 if one is not a string."""
    fields = json_object(handler)
    email, password = fields.get("email"), fields.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        raise SiteError(400, "invalid_request", "Both email and password are needed, as strings.")
    return email, password


def field(handler: RequestHandler, name: str, *, strip: bool = True) -> str:
    """Return a field of a form, with line breaks as LF like browsers count them; "" if missing."""
    return handler.get_body_argument(name, "", strip=strip).replace("\r\n", "\n")


def exact_field(handler: RequestHandler, name: str) -> str:
    """Return a field of a form exactly as it was sent, for passwords; "" if missing.

    Tornado's own method turns control characters into spaces, so a password with one would not be
    the same in the form and in the API.
    """
    values = handler.request.body_arguments.get(name)
    try:
        return values[-1].decode("utf-8") if values else ""
    except UnicodeDecodeError:
        raise SiteError(400, "bad_request", f"The field {name} is not UTF-8.") from None


def text_member(fields: dict[str, Any], name: str) -> str:
    """Return a string member of a JSON object; SiteError 400 if it is not one."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise SiteError(400, "invalid_request", f"{name} is needed, as a string.")
    return value
