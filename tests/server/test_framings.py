"""Where a request ends: no request can be hidden in a body, also not behind a proxy."""

import asyncio

import pytest

from tests.support.nginx_proxy import nginx_in_front_of
from tests.support.two_servers import TwoServers, echo, exchange

HIDDEN = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKS = f"{len(HIDDEN):x}\r\n{HIDDEN}\r\n0\r\n\r\n"

CODINGS = [
    *(
        "chunked",
        "Chunked",
        "chunked ",
        "\tchunked",
        "xchunked",
        "chunkedx",
        "chunked,",
        ",chunked",
    ),
    *("gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "identity, chunked", ""),
    *('"chunked"', "chunked;x=y", "chunked\x0b", "chun\x00ked", "\x0cchunked", "cow"),
]
NAMES = [
    *("Transfer-Encoding ", " Transfer-Encoding", "Transfer_Encoding", "Transfer-Encoding\t"),
    *(
        "Transfer-Encoding\x00",
        "transfer-encoding",
        "X: y\nTransfer-Encoding",
        "Transfer\x7fEncoding",
    ),
]
LENGTHS = [
    *(
        "0",
        "+5",
        "-0",
        "-5",
        "5 ",
        " 5",
        "0x5",
        "5,5",
        "5, 5",
        "5,6",
        "5;",
        "5.0",
        "5e0",
        "1_0",
        "\xb2",
    ),
    *("", "00000000000000000000005", "99999999999999999999", "18446744073709551621"),
]
CHUNK_FORMS = [
    *("5;x=y\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n"),
    *("0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n"),
    *(
        "5\nhello\n0\n\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    ),
    *("5\r\nhello\r\n00\r\n\r\n", "05\r\nhello\r\n0\r\n\r\n", "\r\n5\r\nhello\r\n0\r\n\r\n"),
    *("5\rhello\r\n0\r\n\r\n", "5_0\r\nhello\r\n0\r\n\r\n", "5;\n\r\nhello\r\n0\r\n\r\n"),
    *(
        "ffffffffffffffff5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0;x\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
    ),
    "5\r\nhello\r\n0\r\n\rX",
]
LENGTH = f"Content-Length: {len(HIDDEN)}"
H2C = "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings"
OTHERS = [
    f"POST /a HTTP/1.1\nHost: h\n{LENGTH}\n\n{HIDDEN}",
    f"POST /a HTTP/1.1\r\nHost: h\r\nX: y\r\n {LENGTH}\r\n\r\n{HIDDEN}",
    f"POST /a HTTP/1.1\r\nHost: h\r\n{LENGTH}\r\nContent-Length: 0\r\n\r\n{HIDDEN}",
    f"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKS}",
    f"POST /a HTTP/1.1\r\nHost: h\r\n{H2C}\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKS}",
    f"POST /a HTTP/1.1\r\nHost: h\r\n{H2C}\r\n{LENGTH}\r\n\r\n{HIDDEN}",
    f"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n{LENGTH}\r\n\r\n{HIDDEN}",
    f"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n{LENGTH}\r\n\r\n{HIDDEN}",
    f"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n{HIDDEN}",
]


def framings() -> list[bytes]:
    post = "POST /a HTTP/1.1\r\nHost: h\r\n"
    found = [f"{post}Transfer-Encoding: {coding}\r\n\r\n{CHUNKS}" for coding in CODINGS]
    found += [
        f"{post}Content-Length: {len(CHUNKS)}\r\nTransfer-Encoding: {coding}\r\n\r\n{CHUNKS}"
        for coding in CODINGS
    ]
    found += [
        f"{post}Content-Length: {len(CHUNKS)}\r\n{name}: chunked\r\n\r\n{CHUNKS}" for name in NAMES
    ]
    found += [f"{post}Content-Length: {length}\r\n\r\nhello" for length in LENGTHS]
    found += [f"{post}Transfer-Encoding: chunked\r\n\r\n{form}" for form in CHUNK_FORMS]
    return [framing.encode("latin1", "replace") for framing in found + OTHERS]


OTHER = b"GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def servers(runner):
    """Start both servers; `seen` has the target of each request that reached an application."""

    async def start():
        return TwoServers(remember)

    def remember(request):
        servers.seen.append(request.uri)
        echo(request)

    servers = runner.run(start())
    servers.seen = []
    yield servers
    runner.run(servers.close())


def test_a_framing_is_read_as_tornado_reads_it_or_refused(servers, runner):
    async def compare(framing):
        ours = [one for one in await servers.ours(framing, OTHER) if one != "100 "]
        tornado = [one for one in await servers.tornado(framing, OTHER) if one != "100 "]
        assert ours in (tornado, ["400 ", "closed"]), framing
        if ours != tornado:
            return framing
        return None

    async def compare_all():
        differing = await asyncio.gather(*(compare(framing) for framing in framings()))
        return [framing for framing in differing if framing]

    # Tornado still accepts these.
    marks = (b"5,5", b"5, 5", b"0000005", b"HTTP/1.1\nHost")
    refused = runner.run(compare_all())
    assert [mark for one in refused for mark in marks if mark in one] == list(marks)
    assert len(refused) == len(marks)
    assert "/hidden" not in servers.seen


@pytest.mark.long
def test_no_request_is_hidden_from_nginx_and_other_requests_are_answered(servers, runner, tmp_path):
    async def attack():
        for framing in framings():
            await exchange(nginx.port, [framing])
            (answer, _) = await exchange(nginx.port, [OTHER])
            assert "/other" in answer, framing

    with nginx_in_front_of(servers.port, tmp_path) as nginx:
        runner.run(attack())
    assert servers.seen
    assert "/hidden" not in servers.seen
    assert set(servers.seen) <= set(nginx.requests())
    assert len(servers.seen) <= len(nginx.requests())
