"""The limits of one connection."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of each connection: sizes in bytes, times in seconds."""

    # The head of a request: its first line and its headers.
    header_bytes: int
    # A body; HTTPConnection.set_max_body_size() replaces it for one request.
    body_bytes: int
    # The largest part of a body that HTTPMessageDelegate.data_received() gets at once.
    chunk_bytes: int
    # From the connection, or from when the client has read the previous response, to the end of the
    # next head.
    idle: float
    # From the head to the end of the body; HTTPConnection.set_body_timeout() replaces it for one
    # request.
    body: float | None
    # For the client to read MIN_PROGRESS bytes of a response.
    write: float
    # False: each connection is closed after its first response.
    keep_alive: bool


# Above HIGH_WATER unsent bytes, a handler waits in flush() and the next request is not read; below
# LOW_WATER, both continue.
HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024

# A client that reads less than this within ``Limits.write`` is cut: about 500 bytes a second. If less
# is unsent, it must read all of that.
MIN_PROGRESS = 16 * 1024

# After the last response, the receiving side stays open for this long (seconds), and up to
# LINGER_BYTES are read and dropped: closing a socket with unread data would make the client lose
# the response.
LINGER = 2.0
LINGER_BYTES = 4 * 1024 * 1024
