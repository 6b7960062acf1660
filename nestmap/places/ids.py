"""The ids of new places."""

import hashlib
import re
import secrets
import unicodedata

STEM_LENGTH = 40
KEY = re.compile(r"[0-9a-f]{8}")


def new_key() -> str:
    """Return a key for `new_id`: 8 random hexadecimal digits."""
    return secrets.token_hex(4)


def new_id(name: str, key: str = "") -> str:
    """Return an id for a new place: "São Paulo" is sao-paulo-1f0c7d3a.

    It differs from all existing ids, so two tabs that pin Paris at once pin two places. A form
    sends the `key` of its rendering, so it pins one place even if it is sent twice, but another one
    for another name.
    """
    # The time to normalise grows with the square of the length, so the name is cut first.
    plain = unicodedata.normalize("NFKD", name[:STEM_LENGTH])
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_only)[:STEM_LENGTH].strip("-") or "place"
    return f"{stem}-{_digest(key + name) if KEY.fullmatch(key) else new_key()}"


def _digest(text: str) -> str:
    """Return 8 hexadecimal digits: the stem has no trace of letters such as those of 京都."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
