"""Reads the body of a request and finds its end.

As strict as Tornado: one Content-Length of digits, or only ``Transfer-Encoding: chunked``; no chunk
extensions, no trailers, and every line ends with CR and LF.
"""

import re

from tornado.httputil import HTTPHeaders, HTTPInputError

_DIGITS = re.compile(r"[0-9]{1,20}")
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,60})\r\n")
_LONGEST_SIZE_LINE = 64


class FixedBody:
    """A body of ``length`` bytes."""

    def __init__(self, length: int) -> None:
        self._missing = length

    @property
    def complete(self) -> bool:
        """True if the whole body was received."""
        return not self._missing

    def feed(self, data: bytes, _limit: int) -> tuple[bytes, bytes]:
        """Return the part of ``data`` that belongs to the body, and the rest."""
        content, rest = data[: self._missing], data[self._missing :]
        self._missing -= len(content)
        return content, rest


class ChunkedBody:
    """A body in chunks, each preceded by its length."""

    def __init__(self) -> None:
        self.complete = False
        self._missing = 0
        self._in_chunk = False
        self._size = 0

    def feed(self, data: bytes, limit: int) -> tuple[bytes, bytes]:
        """Return the content of the chunks in ``data``, and the rest, which must be fed again.

        Raises HTTPInputError if it is malformed or if all chunks together are longer than
        ``limit``.
        """
        content: list[bytes] = []
        at = 0
        while not self.complete:
            size = (
                self._content(data, at, content) if self._in_chunk else self._line(data, at, limit)
            )
            if not size:
                break
            at += size
        return b"".join(content), data[at:]

    def _line(self, data: bytes, at: int, limit: int) -> int:
        """Read the line with the length of a chunk; return its length, or 0 if it is incomplete."""
        match = _SIZE_LINE.match(data, at)
        if not match:
            if len(data) - at >= _LONGEST_SIZE_LINE or data.find(b"\r\n", at) >= 0:
                raise HTTPInputError("invalid chunk size")
            return 0
        size = int(match[1], 16)
        self._size += size
        if self._size > limit:
            raise HTTPInputError("chunked body too large")
        if size:
            self._in_chunk, self._missing = True, size
            return len(match[0])
        end = data[match.end() : match.end() + 2]
        if end == b"\r\n":
            self.complete = True
            return len(match[0]) + 2
        if len(end) == 2:
            raise HTTPInputError("improperly terminated chunked request")
        # The last two bytes are missing; this line is read again when they arrive.
        return 0

    def _content(self, data: bytes, at: int, content: list[bytes]) -> int:
        """Read the content of a chunk and the line end after it.

        Return how many bytes were read.
        """
        part = data[at : at + self._missing]
        if part:
            content.append(part)
            self._missing -= len(part)
            return len(part)
        if self._missing or len(data) - at < 2:
            return 0
        if data[at : at + 2] != b"\r\n":
            raise HTTPInputError("improperly terminated chunk")
        self._in_chunk = False
        return 2


Body = FixedBody | ChunkedBody


def body_of(headers: HTTPHeaders, limit: int) -> Body | None:
    """Return the body for these headers, or None. HTTPInputError if the headers are ambiguous."""
    if "Transfer-Encoding" in headers:
        if "Content-Length" in headers:
            raise HTTPInputError("Message with both Transfer-Encoding and Content-Length")
        if headers["Transfer-Encoding"].lower() != "chunked":
            raise HTTPInputError(f"Unsupported Transfer-Encoding {headers['Transfer-Encoding']}")
        return ChunkedBody()
    if "Content-Length" not in headers:
        return None
    try:
        length = length_of(headers["Content-Length"])
    except ValueError as error:
        raise HTTPInputError(str(error)) from None
    if length > limit:
        raise HTTPInputError("Content-Length too long")
    return FixedBody(length) if length else None


def length_of(value: str) -> int:
    """Return the number in a Content-Length. ValueError if it has other characters than digits."""
    if not _DIGITS.fullmatch(value):
        raise ValueError(f"Only integer Content-Length is allowed: {value}")
    return int(value)
