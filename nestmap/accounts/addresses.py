"""Email addresses: validation, and the form in which they are compared."""

import re
import unicodedata

from nestmap.accounts.errors import InvalidAccount

EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
LENGTH = 254

# Invisible characters among letters, marks and symbols: fillers, joiners, variation selectors, the
# blank of Braille.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001d159\U000e0100-\U000e01ef]"
)


def clean(text: str) -> str:
    """Return the text, trimmed, in a form that PostgreSQL can compare.

    Replaced characters match nothing. A text is cut where checked_email() would refuse it. It is
    normalised to NFC, since some keyboards send a letter with an accent as one character and some as
    two.
    """
    text = text[: 2 * LENGTH + 1].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", text.strip())[: LENGTH + 1]


def checked_email(email: str) -> str:
    """Return the address, trimmed and in NFC; raise InvalidAccount if it is not an address.

    Invisible characters (zero-width spaces, changes of direction, control characters, fillers) are
    refused: they can make an address look like another, or move the cursor of a terminal.
    """
    email = unicodedata.normalize("NFC", email.strip()) if len(email) <= 2 * LENGTH else ""
    seen = email.isprintable() and not UNSEEN.search(email)
    if len(email) > LENGTH or not seen or not EMAIL.fullmatch(email):
        raise InvalidAccount("email", "Enter an email address, such as ada@example.org.")
    return email
