"""The trusted proxies, and the client's address in their headers.

A header counts only if the peer is a proxy of TRUST_PROXY; any other client could make it up. The
throttle, the events and the list of sessions use the address that is found here.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# This machine and private networks. (Python's is_private has more, such as 203.0.113.0/24.)
NEARBY = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)


@dataclass(frozen=True, slots=True)
class Proxies:
    """``mode`` is off, on (one proxy, on this machine or in a private network) or list."""

    mode: str = "off"
    networks: tuple[Network, ...] = ()

    def __bool__(self) -> bool:
        return self.mode != "off"

    def trusts(self, peer: str | None) -> bool:
        """Return True if the peer of a connection is a trusted proxy; None means a Unix socket."""
        if self.mode == "off":
            return False
        address = parsed_address(peer or "")
        # Tornado uses 0.0.0.0 for the peer of a Unix socket; no other peer has this address.
        if address is None or address.is_unspecified:
            return True
        if self.mode == "on":
            return _in(address, NEARBY)
        return self._lists(address)

    def client(self, peer: str | None, values: Iterable[str]) -> str | None:
        """Return the client's address, from the values of the configured header.

        The proxy next to us wrote the last element. With a list of networks, elements in these networks
        are skipped, beginning with the last. If the element is not an address, return the peer.
        """
        elements = [part for value in values for part in value.split(",")]
        for element in reversed(elements):
            address = parsed_address(element)
            if address is None:
                return peer
            if self.mode != "list" or not self._lists(address):
                return str(address)
        return peer

    def _lists(self, address: Address) -> bool:
        return _in(address, self.networks)


def _in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def parsed_proxies(text: str) -> Proxies:
    """Return the proxies for TRUST_PROXY; ValueError if it is neither off, on nor a list of networks."""
    word = text.strip().lower()
    if word in ("off", "0", "no", "false"):
        return Proxies()
    if word in ("on", "1", "yes", "true"):
        return Proxies("on")
    parts = word.replace(",", " ").split()
    return Proxies("list", tuple(ipaddress.ip_network(part, strict=False) for part in parts))


@lru_cache(maxsize=4096)
def parsed_address(text: str) -> Address | None:
    """Return the address in ``text``, which may have a port, brackets or quotes around it.

    An IPv4-mapped IPv6 address is returned as IPv4; a zone (``%eth0``) is removed.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
