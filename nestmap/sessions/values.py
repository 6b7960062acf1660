"""What may be stored in a session: JSON that PostgreSQL gives back as it was, and nothing else."""

import re
from typing import Any

import orjson

# jsonb refuses the escape \u0000, which is only one when an even number of backslashes precedes it.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class SessionValueError(ValueError):
    """A value that JSON, or PostgreSQL's jsonb, can't carry. The message names the key."""


class SessionKeyError(SessionValueError):
    """A key that is not a string, or that is reserved."""


class SessionTooLarge(ValueError):
    """The session would be larger than SESSION_MAX_BYTES."""


def check_key(key: object) -> None:
    """Raise SessionKeyError unless ``key`` is a string that JSON and PostgreSQL can carry.

    The key "cookie" is reserved: express-session keeps an object of its own under it.
    """
    if type(key) is not str or key == "cookie":
        raise SessionKeyError(f"session[{key!r}]: not a key that a session can have")
    if not (key.isascii() and key.isprintable()):
        encode(key, key)


def encode(key: str, value: Any) -> bytes:
    """Return the JSON text of a value. SessionValueError, with the key's name, if it has none.

    What comes back must equal what went in, so a NaN, a tuple, a key that is no string or an
    object that merely looks like a dict is refused here and not found changed on the next request.
    """
    try:
        text = orjson.dumps(value)
        whole = not NUL.search(text) and orjson.loads(text) == value
    except (TypeError, ValueError, RecursionError) as error:
        raise SessionValueError(f"session[{key!r}] can't be stored: {error}") from None
    if not whole:
        raise SessionValueError(f"session[{key!r}] can't be stored: not a JSON value")
    return text


def text_of(value: Any) -> bytes | None:
    """Return the JSON text of a value to compare and to measure by, None if it can't be encoded.

    Keys are sorted: jsonb keeps them in an order of its own, and order is no difference.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError):
        return None


def size(key: str, text: bytes | None) -> int:
    """Return the bytes that one entry takes in the document: key, quotes, colon, comma, value."""
    return 0 if text is None else len(key.encode()) + len(text) + 4


def decode(text: str) -> dict[str, Any] | None:
    """Return the data of a stored document without its cookie object.

    None if it is no JSON object, or one that could never be written again: another program may
    have stored a NUL, which json keeps and jsonb refuses, or more levels than can be encoded.
    """
    try:
        document = orjson.loads(text)
        orjson.dumps(document)
        if not isinstance(document, dict) or ("\\u0000" in text and NUL.search(text.encode())):
            return None
    except (TypeError, ValueError):
        return None
    document.pop("cookie", None)
    return document
