"""Reads PostgreSQL's protocol as far as needed to see the statements."""

import struct

ENCRYPTION_REQUESTS = {
    80877103,
    80877104,
}  # SSLRequest, GSSENCRequest: another startup packet follows


class Statements:
    """Returns the statements that became complete with each piece of data from a client."""

    def __init__(self) -> None:
        self._buffer = b""
        self._started = False

    def feed(self, data: bytes) -> list[str]:
        self._buffer += data
        found = []
        while (message := self._next_message()) is not None:
            kind, content = message
            if kind == b"Q":
                found.append(content.rstrip(b"\0").decode(errors="replace"))
            if kind == b"P":
                found.append(content.split(b"\0")[1].decode(errors="replace"))
        return found

    def _next_message(self) -> tuple[bytes, bytes] | None:
        head = 1 if self._started else 0
        if len(self._buffer) < head + 4:
            return None
        (length,) = struct.unpack_from("!I", self._buffer, head)
        if len(self._buffer) < head + length:
            return None
        kind, content = self._buffer[:head], self._buffer[head + 4 : head + length]
        self._buffer = self._buffer[head + length :]
        if not self._started:
            (code,) = struct.unpack_from("!I", content)
            self._started = code not in ENCRYPTION_REQUESTS
        return kind, content
