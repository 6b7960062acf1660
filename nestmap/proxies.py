"""Which proxies are believed, and what they say of the client.

A header is believed only from a peer that TRUST_PROXY means; from anyone else it is what the client
made up. Everything that depends on the client's address (the throttle, the events, the list of
sessions) depends on this.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# This machine and private networks. (Python's is_private knows more, such as 203.0.113.0/24.)
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
        """Return True if the peer of a connection is a proxy of ours; None is a Unix socket."""
        if self.mode == "off":
            return False
        address = parsed_address(peer or "")
        # Tornado calls the peer of a Unix socket 0.0.0.0, which no peer can be.
        if address is None or address.is_unspecified:
            return True
        if self.mode == "on":
            return _in(address, NEARBY)
        return self._lists(address)

    def client(self, peer: str | None, values: Iterable[str]) -> str | None:
        """Return the client's address, from the values of the one header that is believed.

        The last element was written by the proxy next to us. With a list of networks, elements that
        are proxies of the list are passed over, from the last one on. What can't be read as an
        address is not believed: the peer it is.
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
    """Return what TRUST_PROXY says; ValueError if it is neither off, on nor a list of networks."""
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

    An IPv4 address in the form of IPv6 is the IPv4 address, and a zone (``%eth0``) is left out.
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
