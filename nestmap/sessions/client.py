"""The address and the browser of a request."""

import ipaddress
from functools import lru_cache

from tornado.httputil import HTTPServerRequest

from nestmap.sessions.records import Client

USER_AGENT_LENGTH = 400


def client_of(request: HTTPServerRequest) -> Client:
    """Return address and browser; None if unknown (a Unix socket has no address)."""
    user_agent = request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH]
    return _client(request.remote_ip or "", user_agent.replace("\0", ""))


@lru_cache(maxsize=4096)
def _client(address: str, user_agent: str) -> Client:
    return Client(_address(address), user_agent or None)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None
