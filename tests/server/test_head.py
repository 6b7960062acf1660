"""The headers of a request are those that Tornado would find."""

import pytest
from tornado.httputil import HTTPHeaders, HTTPInputError

from nestmap.server.head import parse_head

PLACES = ["%s", "a%s", "%sa", "a%sa"]


def accepted(line: bytes) -> list[tuple[str, str]] | None:
    """Return the headers of a request with this line, or None if it is refused."""
    try:
        _, headers = parse_head(b"GET / HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n")
    except HTTPInputError:
        return None
    return [pair for pair in headers.get_all() if pair != ("Host", "h")]


def accepted_by_tornado(line: bytes) -> list[tuple[str, str]] | None:
    try:
        return list(HTTPHeaders.parse(line.decode("latin1")).get_all())
    except HTTPInputError:
        return None


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", ["%s: v", "X: %s"], ids=["name", "value"])
def test_no_character_is_accepted_that_tornado_refuses(form, place):
    for number in range(256):
        line = (form % (place % chr(number))).encode("latin1")
        if b"\n" in line:
            continue  # It would be two lines.
        ours, tornados = accepted(line), accepted_by_tornado(line)
        assert ours is None or ours == tornados, line


def test_a_repeated_header_keeps_its_values_in_order():
    assert accepted(b"X-A: 1\r\nX-B: 2\r\nx-a: 3") == [("X-A", "1"), ("X-A", "3"), ("X-B", "2")]
