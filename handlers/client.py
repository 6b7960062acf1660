"""Where a request came from, for the list that users see of their sessions."""

import ipaddress

from tornado.httputil import HTTPServerRequest

from nestmap.sessions import Client

USER_AGENT_LENGTH = 400


def client_of(request: HTTPServerRequest) -> Client:
    """Address and browser; None for what is not known (a Unix socket has no address)."""
    try:
        ip = str(ipaddress.ip_address((request.remote_ip or "").partition("%")[0]))
    except ValueError:
        ip = None
    user_agent = request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH]
    return Client(ip, user_agent.replace("\0", "") or None)
