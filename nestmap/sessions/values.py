"""What may be stored in a session: JSON that PostgreSQL gives back as it was, and nothing else."""

import json
import re
from typing import Any

# jsonb refuses the escape \u0000, which is only one when an even number of backslashes precedes it.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class SessionValueError(ValueError):
    """A value that JSON, or PostgreSQL's jsonb, can't carry. The message names the key."""


class SessionTooLarge(ValueError):
    """The session would be larger than SESSION_MAX_BYTES."""


def encode(key: str, value: Any) -> str:
    """The JSON text of a value, or SessionValueError with the key's name.

    What comes back must equal what went in, so a tuple, a key that is no string or an object that
    merely looks like a dict is refused here and not found changed on the next request.
    """
    try:
        text = _encode(value)
        text.encode()
        whole = not NUL.search(text) and json.loads(text) == value
    except (TypeError, ValueError, RecursionError) as error:
        raise SessionValueError(f"session[{key!r}] can't be stored: {error}") from None
    if not whole:
        raise SessionValueError(f"session[{key!r}] can't be stored: not a JSON value")
    return text


def text_of(value: Any) -> str:
    """The JSON text of a value that came from the store or went through encode()."""
    return _encode(value)


def size(key: str, text: str) -> int:
    """Bytes that one entry takes in the stored document: key, quotes, colon, comma, value."""
    return len(key.encode()) + len(text.encode()) + 4


def decode(text: str) -> dict[str, Any] | None:
    """The data of a stored document without its cookie object; None when it is no JSON object."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    document.pop("cookie", None)
    return document
