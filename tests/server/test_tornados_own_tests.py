"""Tornado's own tests of its HTTP server, web handlers and WebSockets pass against ours."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.long

LINE_FEED = "a line of the headers that ends in LF alone is refused, as Tornado will do from 6.7 on"

EXCEPTIONS = {
    "httpserver_test.HTTPConnectionTest.test_newlines": LINE_FEED,
    "httpserver_test.HTTPServerRawTest.test_chunked_request_body_duplicate_header": LINE_FEED,
    "httpserver_test.HTTPServerRawTest.test_chunked_request_body_unsupported_transfer_encoding": (
        LINE_FEED
    ),
    "httpserver_test.HTTPServerRawTest"
    ".test_chunked_request_body_transfer_encoding_and_content_length": LINE_FEED,
    "httpserver_test.HTTPServerRawTest.test_content_length_list_whitespace": (
        "a Content-Length with a comma in it is refused by httptools, in other words"
    ),
    "httpserver_test.MaxHeaderSizeTest.test_large_headers": (
        "headers that are too long are a 431, and the log says so in other words"
    ),
    "web_test.ClientCloseTest.test_client_close": (
        "uses connection.stream, which is not a part of Tornado's interface; close() is"
    ),
}


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_they_pass_except_for_those_listed(loop):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.support.tornado_suite", loop],
        capture_output=True,
        text=True,
        check=True,
    )
    *failed, count = ran.stdout.split("\n")[:-1]
    assert failed == sorted(EXCEPTIONS)
    assert int(count.removeprefix("ran ")) > 400
