"""The head of a response as bytes."""

import pytest
from tornado.httputil import HTTPHeaders

from nestmap.server.render import render_headers


def test_each_value_of_a_header_is_a_line():
    headers = HTTPHeaders({"x-a": "1"})
    headers.add("X-B", "2")
    headers.add("X-A", "3")
    assert render_headers(headers) == b"X-A: 1\r\nX-A: 3\r\nX-B: 2\r\n"


def test_bytes_are_rendered_as_tornado_does():
    headers = HTTPHeaders({"X-A": "1"})
    headers["X-B"] = "São Paulo".encode()
    assert render_headers(headers) == b"X-A: 1\r\nX-B: S\xe3o Paulo\r\n"


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", b"a\nb"])
def test_a_line_end_in_a_value_is_refused(value):
    headers = HTTPHeaders()
    headers["X-A"] = value
    with pytest.raises(ValueError, match="Illegal characters"):
        render_headers(headers)
