"""Names of sessions: the sid, which is secret, and the public id."""

import secrets


def new_sid() -> str:
    """Return a new sid: 24 random bytes in base64url, 32 characters, like those of express-session."""
    return secrets.token_urlsafe(24)


def new_id() -> str:
    """Return a new public id: 16 random hex digits, independent of the sid."""
    return secrets.token_hex(8)
