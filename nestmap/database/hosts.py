"""The hosts that DATABASE_URL names, as a list of addresses, which connecting.py tries.

aiopg fails if libpq itself moves to the next host, address or SSL mode, because the descriptor
changes under epoll. So a connection string is converted to a list of connection parameters, each for
one address and one SSL mode. The one that worked last is tried first.
"""

import asyncio
import socket
from collections.abc import Iterator
from typing import Protocol
from weakref import WeakSet

from nestmap.database.availability import Availability
from nestmap.database.connection_string import ConnectionParameters, describe, parse
from nestmap.database.errors import Unavailable
from nestmap.timeouts import TIMEOUTS

# TCP keepalives and timeouts, which detect a dead network path that sends no reset.
# libpq would reconnect for GSSAPI encryption, which changes the descriptor.
DEFAULTS = {
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
    "gssencmode": "disable",
}

# The SSL modes in which libpq would try both an encrypted and a plain connection.
SECOND_TRIES = {"prefer": ["require", "disable"], "allow": ["disable", "require"]}


class HasIdleConnections(Protocol):
    """The interface of a pool for Hosts: it can close its idle connections."""

    def close_idle(self) -> None:
        """Close all idle connections."""


class Hosts:
    """The hosts of one connection string, and which of their addresses work.

    Raises ValueError if libpq does not understand the string. The message does not repeat it.
    """

    def __init__(self, url: str) -> None:
        self._parameters = parse(url)
        self._good: ConnectionParameters | None = None
        self.generation = 0
        self.round_trip = 0.0
        # When a statement last had an unknown outcome (time.monotonic()).
        self.given_up = float("-inf")
        # The application_name of connections for which the connection string has none.
        self.application_name = "nestmap"
        self.availability = Availability()
        self._users: WeakSet[HasIdleConnections] = WeakSet()

    @property
    def description(self) -> str:
        """Host and database, for messages; without user and password."""
        where = self._parameters.get("host") or self._parameters.get("hostaddr") or "local socket"
        return f"{self._parameters.get('dbname', '')} on {where}"

    @property
    def connect_timeout(self) -> float:
        """The time limit of one attempt in seconds. libpq ignores connect_timeout in asynchronous mode."""
        seconds = float(self._parameters.get("connect_timeout", "nan"))
        return seconds if seconds > 0 else TIMEOUTS.connect

    def remember(self, parameters: ConnectionParameters) -> None:
        """Try ``parameters`` first from now on, after a connection was made with them."""
        self._good = parameters

    def forget(self) -> None:
        """Forget the address that worked, and make connections of this generation unusable.

        Call it if a server is the wrong one, for example a demoted primary.
        """
        self._good = None
        self.generation += 1
        for user in self._users:
            user.close_idle()

    def used_by(self, user: HasIdleConnections) -> None:
        """Let ``user`` close its idle connections when a server is found to be the wrong one."""
        self._users.add(user)

    async def addresses(self) -> list[ConnectionParameters]:
        """Return the parameters of all addresses, those that worked last first.

        Names that do not resolve are left out. Raises Unavailable if none resolves.
        """
        hosts = list(self._hosts())
        found: list[ConnectionParameters] = []
        causes = []
        for host, addresses in zip(
            hosts,
            await asyncio.gather(*map(_addresses, hosts), return_exceptions=True),
            strict=True,
        ):
            if isinstance(addresses, BaseException):
                causes.append(f"{describe(host)}: {getattr(addresses, 'strerror', addresses)}")
            else:
                found += addresses
        if not found:
            raise Unavailable("; ".join(causes))
        if self._good in found:
            found.remove(self._good)
            found.insert(0, self._good)
        return found

    def _hosts(self) -> Iterator[ConnectionParameters]:
        """Yield the parameters of each host. libpq lists hosts, addresses and ports side by side."""
        hosts = self._parameters.get("host", "").split(",")
        addresses = self._parameters.get("hostaddr", "").split(",")
        ports = self._parameters.get("port", "").split(",")
        count = max(len(hosts), len(addresses))
        for n in range(count):
            # Parameters are sent as UTF-8, also if the database or the environment have other settings.
            one = DEFAULTS | self._parameters | {"client_encoding": "UTF8"}
            one["application_name"] = one.get("application_name") or self.application_name
            one["host"] = hosts[n] if n < len(hosts) else ""
            one["hostaddr"] = addresses[n] if n < len(addresses) else ""
            one["port"] = ports[n] if n < len(ports) else ports[-1]
            if count > 1:
                one.setdefault("target_session_attrs", "read-write")
            yield {name: value for name, value in one.items() if value}


def address_of(parameters: ConnectionParameters) -> tuple[str | None, ...]:
    """Return host, address and port of connection parameters."""
    return tuple(parameters.get(name) for name in ("host", "hostaddr", "port"))


async def _addresses(one: ConnectionParameters) -> list[ConnectionParameters]:
    """Return the parameters of each address and SSL mode of one host."""
    host = one.get("host", "")
    if (not host and "hostaddr" not in one) or host.startswith(("/", "@")):
        return [one]
    modes = SECOND_TRIES.get(one.get("sslmode", "prefer"), [one.get("sslmode", "")])
    addresses = [one["hostaddr"]] if "hostaddr" in one else await _resolve(host)
    return [
        {**one, "hostaddr": address, "sslmode": mode} for address in addresses for mode in modes
    ]


async def _resolve(host: str) -> list[str]:
    # Otherwise libpq would resolve the name and block the loop meanwhile.
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
