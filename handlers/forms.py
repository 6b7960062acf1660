"""Reading what a client sent, and where to go from there."""

from typing import Any

import orjson
from tornado.web import RequestHandler

from handlers.errors import SiteError


def json_object(handler: RequestHandler) -> dict[str, Any]:
    """The JSON object of the body; SiteError 400 when it is none."""
    try:
        found = orjson.loads(handler.request.body)
    except ValueError:
        raise SiteError(400, "invalid_json", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise SiteError(400, "invalid_json", "The body is not a JSON object.")
    return found


def credentials(handler: RequestHandler) -> tuple[str, str]:
    """Address and password of a JSON body; SiteError 400 when one is no string."""
    fields = json_object(handler)
    email, password = fields.get("email"), fields.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        raise SiteError(400, "invalid_request", "Both email and password are needed, as strings.")
    return email, password


def field(handler: RequestHandler, name: str, *, strip: bool = True) -> str:
    """A field of a form, with the line breaks that a browser counted; "" when it is missing."""
    return handler.get_body_argument(name, "", strip=strip).replace("\r\n", "\n")


def exact_field(handler: RequestHandler, name: str) -> str:
    """A field of a form exactly as it was sent, for passwords; "" when it is missing.

    Tornado's own method turns control characters into spaces, so that one password would not work
    in the form and by the API.
    """
    values = handler.request.body_arguments.get(name)
    try:
        return values[-1].decode("utf-8") if values else ""
    except UnicodeDecodeError:
        raise SiteError(400, "bad_request", f"The field {name} is not UTF-8.") from None


def text_member(fields: dict[str, Any], name: str) -> str:
    """A string of a JSON object; SiteError 400 when it is none."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise SiteError(400, "invalid_request", f"{name} is needed, as a string.")
    return value


def local_path(path: str) -> str:
    """The path if it leads to this site and nowhere else, else "/"."""
    local = path.startswith("/") and not path.startswith("//")
    return path if local and path.isprintable() and "\\" not in path else "/"
