"""Connections alone cannot block other clients: `ulimit -n` is 128, and there are more clients."""

import http.client
import socket
import time
from contextlib import ExitStack

import pytest

from tests.support.instance import ROOT
from tests.support.raw import request
from tests.support.visitor import Visitor

DESCRIPTORS = 128
CLIENTS = 200
LARGEST = max((ROOT / "handlers/static").iterdir(), key=lambda file: file.stat().st_size)


@pytest.fixture
def site(shared_database, start_instance):
    """Start a site that may open DESCRIPTORS descriptors."""
    limit = f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"
    return start_instance(shared_database.url, before=("prlimit", limit))


def is_alive(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=15)
    connection.request("GET", "/livez")
    status = connection.getresponse().status
    connection.close()
    return status == 200


def unread_client(port):
    """Request more than fits into all buffers (8 MB) and read nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.connect(("127.0.0.1", port))
    client.sendall(
        request("GET", f"/static/{LARGEST.name}") * (8_000_000 // LARGEST.stat().st_size)
    )
    return client


@pytest.mark.long
def test_idle_connections_do_not_block_other_clients(site):
    begun = time.monotonic()
    with ExitStack() as open_connections:
        for _ in range(CLIENTS):
            client = socket.create_connection(("127.0.0.1", site.port), timeout=15)
            open_connections.enter_context(client)
        assert is_alive(site)
        visitor = Visitor(site.url)
        assert visitor.register().status == 201
        assert visitor.signed_in()
    lines = [line for line in site.output.splitlines() if "connections" in line]
    assert any("closed" in line and "ulimit -n" in line for line in lines)
    assert len(lines) <= 3 * (time.monotonic() - begun + 1)
    assert "Traceback" not in site.output


@pytest.mark.long
def test_unread_responses_do_not_block_other_clients(site):
    with ExitStack() as open_connections:
        for _ in range(20):
            open_connections.enter_context(unread_client(site.port))
        assert is_alive(site)
        for _ in range(CLIENTS):
            client = socket.create_connection(("127.0.0.1", site.port), timeout=15)
            open_connections.enter_context(client)
        assert is_alive(site)
        assert Visitor(site.url).register().status == 201
    assert site.stop(10) == 0
    assert "Traceback" not in site.output
