"""What is raised when the embedded PostgreSQL can't be used."""


class EmbeddedError(Exception):
    """The embedded PostgreSQL can't be used; the message is one line that names the remedy."""
