"""Email addresses: what one must look like, and how it is compared."""

import re
import unicodedata

from nestmap.accounts.errors import InvalidAccount

EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
LENGTH = 254

# Characters that show as nothing although they are letters, marks or symbols: fillers, joiners,
# variation selectors, the blank of Braille.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001d159\U000e0100-\U000e01ef]"
)


def clean(text: str) -> str:
    """Return the text as PostgreSQL can compare it, trimmed; what was replaced matches nothing.

    A text longer than any address is cut before anything else looks at it. Unicode's form NFC: some
    keyboards send a letter with its accent as one character and some as two.
    """
    text = text[: LENGTH + 1].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", text).strip()


def checked_email(email: str) -> str:
    """Return the address, trimmed and in NFC; InvalidAccount when it is none.

    Characters that are not seen (zero-width spaces, changes of direction, control characters,
    fillers) are refused: with them one address looks like another, or moves a terminal's cursor.
    """
    email = unicodedata.normalize("NFC", email.strip()) if len(email) <= 2 * LENGTH else ""
    seen = email.isprintable() and not UNSEEN.search(email)
    if len(email) > LENGTH or not seen or not EMAIL.fullmatch(email):
        raise InvalidAccount("email", "Enter an email address, such as ada@example.org.")
    return email
