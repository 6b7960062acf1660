"""Renders the head of a response to bytes."""

from functools import lru_cache

from tornado.escape import native_str
from tornado.httputil import HTTPHeaders, ResponseStartLine


def render_head(start_line: ResponseStartLine, headers: HTTPHeaders, usual: bytes = b"") -> bytes:
    """Return the head; ``usual`` are rendered lines. ValueError if a header contains a line end."""
    first = _first_line(start_line.code, start_line.reason)
    return b"%b%b%b\r\n" % (first, usual, render_headers(headers))


def render_headers(headers: HTTPHeaders) -> bytes:
    """Return a line for each header. ValueError if one contains a line end."""
    try:
        lines = [name + ": " + value + "\r\n" for name, value in headers.get_all()]
    except TypeError:  # Bytes, which Tornado sends too.
        lines = [f"{native_str(n)}: {native_str(v)}\r\n" for n, v in headers.get_all()]
    head = "".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines):
        bad = next(line for line in lines if "\r" in line[:-2] or "\n" in line[:-2])
        raise ValueError(f"Illegal characters (CR or LF) in header: {bad!r}")
    return head.encode("latin1")


@lru_cache(maxsize=256)
def _first_line(code: int, reason: str) -> bytes:
    line = f"HTTP/1.1 {code} {reason}"
    if "\r" in line or "\n" in line:
        raise ValueError(f"Illegal characters (CR or LF) in header: {line!r}")
    return line.encode("latin1") + b"\r\n"
