"""The client of a request: its address and the scheme."""

import copy
import socket
from collections.abc import Collection
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.netutil import is_valid_ip


class Peer:
    """The ``context`` of a request: Tornado takes ``remote_ip`` and ``protocol`` from it.

    ``address`` and ``address_family`` are those of the socket, also behind a proxy.
    """

    def __init__(self, family: int, address: Any, protocol: str | None) -> None:
        self.address = address
        self.address_family = family
        is_ip = family in (socket.AF_INET, socket.AF_INET6) and bool(address)
        self.remote_ip: str = address[0] if is_ip else "0.0.0.0"
        self.protocol = protocol or "http"
        self._name = self.remote_ip if is_ip else str(address)

    def __str__(self) -> str:
        return self._name

    def behind_proxy(self, headers: HTTPHeaders, proxies: Collection[str]) -> "Peer":
        """Return the peer of one request by the headers of a proxy (``xheaders``).

        The address is the last one in X-Forwarded-For that is not one of ``proxies``.
        """
        peer = copy.copy(self)
        forwarded = headers.get("X-Forwarded-For", self.remote_ip).split(",")
        addresses = [address.strip() for address in reversed(forwarded)]
        last = next((address for address in addresses if address not in proxies), addresses[-1])
        address = headers.get("X-Real-Ip", last)
        if is_valid_ip(address):
            peer.remote_ip = address
        scheme = headers.get("X-Scheme", headers.get("X-Forwarded-Proto", self.protocol))
        scheme = scheme.split(",")[-1].strip()
        if scheme in ("http", "https"):
            peer.protocol = scheme
        return peer
