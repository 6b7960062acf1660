"""The values that a session may have: JSON that PostgreSQL returns unchanged."""

import json
import re
from typing import Any

import orjson

# jsonb refuses the escape \u0000; it is an escape only after an even number of backslashes.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

# The highest integer of PostgreSQL.
LONGEST_SECONDS = 2**31 - 1


class SessionValueError(ValueError):
    """The value can't be stored as JSON or in PostgreSQL's jsonb. The message names the key."""


class SessionTextError(SessionValueError):
    """A text has a character that PostgreSQL can't store: a NUL, or half of a surrogate pair.

    Such texts come from clients, so the request is answered with 400.
    """


class SessionKeyError(SessionValueError):
    """The key is not a string, or it is reserved."""


class SessionTooLarge(ValueError):
    """The session would be larger than the option ``max_bytes``."""


def check_key(key: object) -> None:
    """Raise SessionKeyError unless ``key`` is a string that JSON and PostgreSQL can store.

    The key "cookie" is reserved for an object of express-session.
    """
    if type(key) is not str:
        raise SessionKeyError(f"session[{key!r}]: a key must be a str")
    if key == "cookie":
        raise SessionKeyError("session['cookie']: this key is reserved for express-session")
    if not (key.isascii() and key.isprintable()):
        encode(key, key)


def encode(key: str, value: Any) -> bytes:
    """Return the JSON text of a value; SessionValueError with the name of the key if it has none.

    It is a SessionTextError if only a character of a text can't be stored. The decoded text must
    equal the value, so a NaN, a tuple or a key that is not a string is refused here instead of being
    different in the next request. A subclass of a JSON type is decoded as that type.
    """
    try:
        text = orjson.dumps(value)
        whole = orjson.loads(text) == value
    except (TypeError, ValueError, RecursionError) as error:
        kind = SessionTextError if _has_surrogate(value) else SessionValueError
        raise kind(f"session[{key!r}] can't be stored: {error}") from None
    if not whole:
        raise SessionValueError(f"session[{key!r}] can't be stored: not a JSON value")
    if NUL.search(text):
        raise SessionTextError(f"session[{key!r}] can't be stored: a text has a NUL")
    return text


def check_text(name: str, text: str) -> str:
    """Return ``text``. Raise SessionTextError with its name if PostgreSQL can't store it."""
    if "\0" in text or _has_surrogate(text):
        raise SessionTextError(f"{name} has a character that can't be stored")
    return text


def check_seconds(name: str, seconds: object) -> None:
    """Raise ValueError unless it is a lifetime that PostgreSQL can store as an integer."""
    if type(seconds) is not int or not 1 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"{name} must be a whole number of seconds from 1 to {LONGEST_SECONDS}")


def _has_surrogate(value: Any) -> bool:
    """Return True if a value is JSON but for the half of a surrogate pair in a text."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (TypeError, ValueError, RecursionError):
        pass
    return False


def text_of(value: Any) -> bytes | None:
    """Return the JSON text of a value for comparing and measuring, or None if it can't be encoded.

    Keys are sorted, since jsonb changes their order.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError):
        return None


def size(key: str, text: bytes | None) -> int:
    """Return the size of one entry in the document in bytes: key, quotes, colon, comma, value."""
    return 0 if text is None else len(key.encode()) + len(text) + 4


def decode(text: str) -> dict[str, Any] | None:
    """Return the data of a stored document without its cookie object.

    Return None if it is not a JSON object, or if it could not be written again: another program may
    have stored a NUL, which json accepts and jsonb refuses, or too many levels for the encoder.
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
