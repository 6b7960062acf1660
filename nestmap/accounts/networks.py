"""The networks of a client, by which attempts are counted."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4096)
def networks_of(ip: str | None) -> tuple[str, ...]:
    """Return the networks of an address, the narrowest first.

    IPv4: the address. IPv6: its /64, which a household gets, and its /48, which a larger customer
    gets. An IPv4-mapped IPv6 address counts as IPv4. Clients without an address (a Unix socket) are
    one network.
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
