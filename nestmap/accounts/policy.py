"""The rules for passwords: 12 to 256 characters, and not easy to guess.

zxcvbn estimates how many guesses a password needs when dictionaries of common passwords, names and
words, keyboard runs, sequences, repeats, dates, and what is known of this account are tried first.
Its time grows with the cube of the length and doubles with each character that may stand for
several letters (24 characters with all 20 of those: 0.3 s; 256: 25 s). So only the beginning is
checked, for up to 60 ms: a password is at least as hard to guess as its beginning.
"""

import unicodedata

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

from nestmap.accounts.errors import InvalidAccount

LENGTH = range(12, 257)
# NFC may change the length. A longer text can't be a password and is not normalised.
RAW_LENGTH = 1024
LOOKED_AT = 24
# Digits and symbols that stand for letters, like the 4 in p4ssword, and how many different ones are
# checked.
SUBSTITUTES = {one for several in L33T_TABLE.values() for one in several}
SUBSTITUTES_LOOKED_AT = 12
SITE_NAMES = ["nestmap", "nest map", "nestmap.org"]
# About 100 GPUs make fewer guesses than this in a day against a leaked hash (argon2id).
LEAST_GUESSES = 10**8


def normal_password(password: str) -> str | None:
    """Return the password in Unicode's form NFC, or None if its length is not allowed.

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
    """Raise InvalidAccount for a password that is easy to guess.

    Takes up to 60 ms of a core: not for the event loop.
    """
    beginning = _beginning(password)
    words = [word[:LOOKED_AT] for word in (*SITE_NAMES, *_words(email))]
    found = zxcvbn(beginning, user_inputs=words, max_length=LOOKED_AT)
    # Text after an address adds little, and would not be checked after a long one.
    if found["guesses"] < LEAST_GUESSES or email.lower() in password.lower():
        raise InvalidAccount(
            "password",
            "This password is easy to guess: it is common, follows a pattern, or contains your"
            " address or the site's name. Use several unrelated words, or a password manager.",
        )


def _beginning(password: str) -> str:
    """Return the part of a password that can be checked in time, at least 12 characters."""
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
