"""The network of a client: what attempts from one place have in common."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4096)
def networks_of(ip: str | None) -> tuple[str, ...]:
    """Return the networks of an address, the narrowest first.

    IPv4: the address. IPv6: its /64, which is what a household gets, and its /48, which a customer
    with many of them gets. An IPv4 address written as IPv6 is the IPv4 address. Without an address
    (a Unix socket), all are one network.
    """
    if ip is None:
        return ("local",)
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return tuple(
                str(ipaddress.ip_network((address, bits), strict=False)) for bits in (64, 48)
            )
        address = address.ipv4_mapped
    return (f"{address}/32",)
