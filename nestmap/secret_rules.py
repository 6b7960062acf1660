"""The rules for a secret that signs the cookies of production."""

import re
from collections.abc import Iterator
from itertools import pairwise

SECRET_LENGTH = 32
SECRET_CHARACTERS = 10
PLACEHOLDERS = re.compile(
    r"change.?me|replace.?me|your.?(secure.?)?(session.?)?secret|keyboard.?cat|placeholder",
    re.IGNORECASE,
)


def faults_of(secret: str) -> Iterator[str]:
    """Yield each fault of the secret with its remedy; the secret is in none of them."""
    if len(secret) < SECRET_LENGTH:
        yield f"is too short; use {SECRET_LENGTH} random characters or more"
    if PLACEHOLDERS.search(secret):
        yield "is a known placeholder; use random characters"
    if _is_monotonous(secret):
        yield "has few different characters or a pattern; use random ones"


def _is_monotonous(secret: str) -> bool:
    """Return True for a secret of few different characters, of repetitions, or of a sequence."""
    periods = range(1, len(secret) // 2 + 1)
    repeats = any(secret == (secret[:p] * len(secret))[: len(secret)] for p in periods)
    in_order = sum(abs(ord(b) - ord(a)) == 1 for a, b in pairwise(secret))
    return repeats or in_order > len(secret) // 2 or len(set(secret)) < SECRET_CHARACTERS
