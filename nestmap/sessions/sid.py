"""Names of sessions: the sid, which is a secret, and the public id, which is not."""

import secrets


def new_sid() -> str:
    """Return a new sid: 24 random bytes in base64url, 32 characters, as express-session makes it."""
    return secrets.token_urlsafe(24)


def new_id() -> str:
    """Return a new public id: 16 random hex digits. It says nothing of the sid."""
    return secrets.token_hex(8)
