"""The head of a request: its first line and its headers.

httptools parses the headers only, because it differs from Tornado in the other parts: it refuses
unknown methods and bytes above 127 in a path, accepts RTSP/1.0, adds the trailers of a body to the
headers, and skips the body of a request with an Upgrade header. Tornado parses the first line;
nestmap.server.body reads bodies.
"""

import re
import sys

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    RequestStartLine,
    parse_request_start_line,
)

from nestmap.server.body import body_of

# httptools gets this instead of the first line of the request.
_ANY_REQUEST = b"GET / HTTP/1.1\r\n"

_EMPTY_HEAD = re.compile(rb"\r?\n\r?\n")


class HeadTooLarge(HTTPInputError):
    """The head is longer than the limit; the response is 431."""


def split_head(data: bytes, limit: int) -> tuple[bytes, bytes] | None:
    """Return the head, with its last empty line, and the following data; None if it is incomplete.

    One empty line before the head is skipped, and counts as a part of it. Raises HeadTooLarge if it
    is longer than ``limit``, HTTPInputError if it is empty or a line ends without a carriage return.
    """
    begin = 0
    if data[:1] in (b"\r", b"\n"):
        begin = len(data) - len(data.lstrip(b"\r\n"))
        if _EMPTY_HEAD.search(data, 0, begin):
            raise HTTPInputError("the head of a request is empty")
    empty_line = data.find(b"\r\n\r\n", begin)
    size = len(data) if empty_line < 0 else empty_line + 4
    if size > limit:
        raise HeadTooLarge(f"the headers are longer than {limit} bytes")
    if empty_line >= 0:
        return data[begin:size], data[size:]
    if b"\n\n" in data or b"\n\r\n" in data:
        raise HTTPInputError("a line of the headers ends without a carriage return")
    return None


def parse_head(head: bytes) -> tuple[RequestStartLine, HTTPHeaders]:
    """Return the first line and the headers.

    Raises HTTPInputError if Tornado or httptools refuses them.
    """
    first, _, fields = head.partition(b"\r\n")
    start_line = parse_request_start_line(first.decode("latin1"))
    collected = _Collected()
    try:
        HttpRequestParser(collected).feed_data(_ANY_REQUEST + fields)
    except HttpParserUpgrade:
        pass  # The handler decides about an upgrade of the protocol.
    except HttpParserError as error:
        raise _refusal(fields, error) from None
    if not collected.complete:
        raise HTTPInputError("the headers end in the middle of a line")
    return start_line, collected.headers


def _refusal(fields: bytes, error: HttpParserError) -> HTTPInputError:
    """Return the reason for refusing the headers, in Tornado's words if it would refuse them too."""
    try:
        body_of(HTTPHeaders.parse(fields.decode("latin1")), sys.maxsize)
    except HTTPInputError as refusal:
        return refusal
    return HTTPInputError(str(error.__context__ or error))


class _Collected:
    """Collects the headers in callbacks of httptools."""

    def __init__(self) -> None:
        self.headers = HTTPHeaders()
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin1"), value.decode("latin1").strip(" \t")
        if key in self.headers:
            self.headers.add(key, text)
        else:
            # add() would check the characters, which the parser has done.
            self.headers[key] = text

    def on_headers_complete(self) -> None:
        self.complete = True
