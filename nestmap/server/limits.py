"""What one client may send, and how long it may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of each connection: sizes in bytes, times in seconds."""

    # The head of a request: its first line and its headers.
    header_bytes: int
    # A body; HTTPConnection.set_max_body_size() replaces it for one request.
    body_bytes: int
    # The most that HTTPMessageDelegate.data_received() is given at once.
    chunk_bytes: int
    # From a new connection, or from a response, to the end of the next head.
    idle: float
    # From there to the end of the body; HTTPConnection.set_body_timeout() replaces it for one request.
    body: float | None
    # For the client to take in MIN_PROGRESS bytes of what is ready to be sent.
    write: float
    # False: each connection is closed after its first response.
    keep_alive: bool

    @property
    def shortest(self) -> float:
        """Return the shortest time of all."""
        return min(self.idle, self.write, self.body or self.write)


# Above HIGH_WATER unsent bytes a handler waits in flush() and the next request is not read; below
# LOW_WATER it goes on.
HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024

# A client that takes in less than this within ``Limits.write`` is cut: about 500 bytes a second.
MIN_PROGRESS = 16 * 1024

# After the last response of a connection its other half stays open for a moment (seconds), and what
# arrives, up to LINGER_BYTES, is thrown away: to close it with data unread would make the client lose the response.
LINGER = 2.0
LINGER_BYTES = 4 * 1024 * 1024
