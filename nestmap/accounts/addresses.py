"""Email addresses: what one must look like, and how it is compared."""

import re
import unicodedata

from nestmap.accounts.errors import InvalidAccount

EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f\ud800-\udfff]+@[^\s@\x00-\x1f\x7f\ud800-\udfff]+")
LENGTH = 254


def clean(text: str) -> str:
    """Return the text as PostgreSQL can compare it, trimmed; what was replaced matches nothing.

    A text longer than any address is cut before anything else looks at it.
    """
    return text[: LENGTH + 1].replace("\0", "\ufffd").encode("utf-8", "replace").decode().strip()


def checked_email(email: str) -> str:
    """Return the address, trimmed; InvalidAccount when it is none.

    Characters that are not seen (Unicode's category Cf: zero-width spaces, changes of direction)
    are refused, for with them one address looks like another.
    """
    email = email.strip() if len(email) <= 2 * LENGTH else ""
    invisible = any(unicodedata.category(character) == "Cf" for character in email)
    if len(email) > LENGTH or invisible or not EMAIL.fullmatch(email):
        raise InvalidAccount("email", "Enter an email address, such as ada@example.org.")
    return email
