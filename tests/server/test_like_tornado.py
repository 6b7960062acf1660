"""Our server gives the same results as Tornado's for generated requests, sent in any parts."""

import asyncio
import re

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.support.two_servers import TwoServers

# Shows where the server expects the beginning of the next request.
NEXT = b"GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

METHODS = ["GET", "POST", "PUT", "FOO", "OPTIONS", "CONNECT", "F,O", "get", "PRI", "SOURCE"]
TARGETS = ["/", "/a?b=c", "/\xff\xe9", "*", "http://h/x", "/a b", "/%00", "/\x01", "h:443"]
VERSIONS = ["HTTP/1.0", "HTTP/2.0", "RTSP/1.0", "ICE/1.0", "HTTP/1.2", "http/1.1", "HTTP/1.1 "]
HEADERS = [
    *(
        "Host: g",
        "Host : h",
        "X-A: 1",
        "X-A: 2",
        "X: \xff\xfe",
        "X:\t v \t",
        "X: a\x00b",
        "X: a\x7f",
    ),
    *("X: a\x0bb", " folded", "\tfolded", "X", "X:", ": v", "X Y: v", "X\xa0: v", "Upgrade: h2c"),
    *("Connection: Upgrade, HTTP2-Settings", "Connection: close", "Connection: keep-alive"),
    *("Expect: 100-continue", "Content-Type: application/x-www-form-urlencoded"),
    *("Trailer: X-Real-Ip", "X-Real-Ip: 1.2.3.4", "Proxy-Connection: close", "Keep-Alive: 3"),
    *("Content-Length: 3", "Content-Length: 0", "Content-Length: +3", "Content-Length: 3 "),
    *("Content-Length: 0x3", "Content-Length:", "Content-Length: 99999", "Content-Length: 003"),
    *(
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: Chunked",
    ),
    *("Transfer-Encoding: chunked ", "Transfer-Encoding: identity", "Transfer-encoding: xchunked"),
    'Transfer-Encoding: "chunked"',
]
BODIES = [
    *("", "abc", "3\r\nabc\r\n0\r\n\r\n", "3;x=y\r\nabc\r\n0\r\n\r\n", "03\r\nabc\r\n0\r\n\r\n"),
    *("3\r\nabc\r\n0\r\nX-Real-Ip: 6.6.6.6\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n"),
    *("0x3\r\nabc\r\n0\r\n\r\n", "3\r\nabcX\r\n0\r\n\r\n", "ffffffffffffffffff\r\nabc"),
    *("3\r\nabc\r\n00\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n", "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n"),
]


@st.composite
def requests(draw):
    """Generate a request of usual and unusual parts, sometimes with an additional or a wrong byte."""
    version = draw(st.just("HTTP/1.1") | st.sampled_from(VERSIONS))
    first = f"{draw(st.sampled_from(METHODS))} {draw(st.sampled_from(TARGETS))} {version}"
    host = draw(st.sampled_from([["Host: h"], ["Host: h"], ["Host: h"], []]))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=3))
    lines = [first, *host, *headers, "", draw(st.sampled_from(BODIES))]
    request = "\r\n".join(lines).encode("latin1")
    if draw(st.booleans()):
        return request
    at = draw(st.integers(0, len(request) - 1))
    wrong = bytes([draw(st.sampled_from([0, 9, 10, 13, 32, 58, 127, 200]))])
    return request[:at] + wrong + request[at + draw(st.integers(0, 1)) :]


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def servers(runner):
    async def start():
        return TwoServers()

    servers = runner.run(start())
    yield servers
    runner.run(servers.close())


def expected_otherwise(request: bytes) -> bool:
    """Return True if a request is treated differently on purpose; see test_framings.py."""
    head = request.partition(b"\r\n\r\n")[0]
    bare_line_feed = re.search(rb"(?<!\r)\n", head)
    lengths = re.findall(rb"(?im)^Content-Length", head)
    connections = re.findall(rb"(?im)^Connection:", head)
    return bool(bare_line_feed) or len(lengths) > 1 or len(connections) > 1


def without_continue(outcome: list[str]) -> list[str]:
    """Remove "100 Continue", which Tornado sends also before it refuses a request by its headers."""
    return [response for response in outcome if response != "100 "]


CHUNKED = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.long
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    request_bytes=CHUNKED + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
)
@example(request_bytes=CHUNKED + b"\r\n3\r\nabc\r\n0\r\nX-Real-Ip: 6.6.6.6\r\n\r\n")
@example(request_bytes=b"OPTIONS rtsp://h/ RTSP/1.0\r\nHost: h\r\n\r\n")
@example(request_bytes=b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n")
@example(request_bytes=b"\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n")
@example(request_bytes=b"\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n")
@example(request_bytes=b"\r\n\n\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n")
@example(request_bytes=b"\r\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n")
@example(request_bytes=b"\r\rGET /a HTTP/1.1\r\nHost: h\r\n\r\n")
@given(request_bytes=requests())
def test_each_request_has_the_same_outcome_as_with_tornado(servers, runner, request_bytes):
    assume(not expected_otherwise(request_bytes))

    async def compare():
        data = request_bytes + NEXT
        outcome = without_continue(await servers.tornado(data))
        ours = await servers.ours_split_everywhere(data)
        assert {repr(without_continue(one)) for one in ours} == {repr(outcome)}

    runner.run(compare())
