"""The reader of PostgreSQL's protocol, which tests use to see that no statement was sent."""

import struct

from tests.support.statements import Statements


def packet(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!I", len(content) + 4) + content


START = packet(b"", struct.pack("!I", 196608) + b"user\0postgres\0\0")
SSL_REQUEST = packet(b"", struct.pack("!I", 80877103))


def test_statements_are_found_after_the_startup_also_in_small_parts():
    wire = SSL_REQUEST + START + packet(b"Q", b"select 1\0") + packet(b"P", b"\0select 2\0\0\0")
    wire += packet(b"X", b"")
    assert Statements().feed(wire) == ["select 1", "select 2"]
    bytewise = Statements()
    found = [statement for n in range(len(wire)) for statement in bytewise.feed(wire[n : n + 1])]
    assert found == ["select 1", "select 2"]
