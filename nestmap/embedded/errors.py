"""The exception of the embedded PostgreSQL."""


class EmbeddedError(Exception):
    """The embedded PostgreSQL can't be used; the message is one line that names the remedy."""
