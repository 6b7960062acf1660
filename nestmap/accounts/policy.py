"""What a password must be: 12 to 256 characters, and not one that is tried first.

zxcvbn estimates how many guesses a password needs when dictionaries of common passwords, names and
words, keyboard runs, sequences, repeats, dates, and what is known of this account are tried first.
Its time grows with the cube of the length and doubles with each character that may stand for several
letters (24 characters with all 20 of those: 0.3 s; 256: 25 s), so only the beginning is looked at, up
to 60 ms: a password is at least as hard to guess as its beginning.
"""

import unicodedata

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

from nestmap.accounts.errors import InvalidAccount

LENGTH = range(12, 257)
# NFC may change the length. A longer text is no password of ours; it is never normalised.
RAW_LENGTH = 1024
LOOKED_AT = 24
# Digits and symbols that stand for letters, as the 4 in p4ssword, and how many different ones are
# looked at.
SUBSTITUTES = {one for several in L33T_TABLE.values() for one in several}
SUBSTITUTES_LOOKED_AT = 12
SITE_NAMES = ["nestmap", "nest map", "nestmap.org"]
# Fewer guesses than this are made in a day against a leaked hash (argon2id, some 100 GPUs).
LEAST_GUESSES = 10**8


def normal_password(password: str) -> str | None:
    """Return the password in Unicode's form NFC, None when it is none of ours by its length.

    Some keyboards send a letter with its accent as one character and some as two.
    """
    if len(password) > RAW_LENGTH:
        return None
    normal = unicodedata.normalize("NFC", password)
    return normal if len(normal) in LENGTH else None


def checked_password(password: str) -> str:
    """Return a new password in NFC; InvalidAccount unless it has 12 to 256 usable characters."""
    normal = normal_password(password)
    if normal is None:
        raise InvalidAccount("password", "A password has 12 to 256 characters.")
    if normal != normal.encode("utf-8", "replace").decode():
        raise InvalidAccount("password", "The password has a character that can't be used.")
    return normal


def refuse_guessable(password: str, email: str) -> None:
    """Raise InvalidAccount for a password that is among the first to be guessed.

    Takes up to 60 ms of a core: not for the event loop.
    """
    beginning = _beginning(password)
    words = [word[:LOOKED_AT] for word in (*SITE_NAMES, *_words(email))]
    found = zxcvbn(beginning, user_inputs=words, max_length=LOOKED_AT)
    # What follows an address adds little, and would not be looked at after a long one.
    if found["guesses"] < LEAST_GUESSES or email.lower() in password.lower():
        raise InvalidAccount(
            "password",
            "This password is easy to guess: it is common, follows a pattern, or contains your"
            " address or the site's name. Use several unrelated words, or a password manager.",
        )


def _beginning(password: str) -> str:
    """Return as much of a password as can be looked at in time; 12 characters at least."""
    substitutes: set[str] = set()
    for number, character in enumerate(password[:LOOKED_AT]):
        substitutes |= {character} & SUBSTITUTES
        if len(substitutes) > SUBSTITUTES_LOOKED_AT:
            return password[:number]
    return password[:LOOKED_AT]


def _words(email: str) -> list[str]:
    name, _, host = email.lower().partition("@")
    parts = [part for part in name.replace("_", ".").replace("-", ".").split(".") if len(part) > 2]
    return [email.lower(), name, host, *parts][:10]
