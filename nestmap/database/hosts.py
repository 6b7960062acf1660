"""The hosts that DATABASE_URL names, as a list of addresses to try one after the other.

aiopg fails as soon as libpq moves from one host, address or SSL mode to the next by itself: the
descriptor changes under epoll. So a connection string becomes a list of connection parameters, each
for exactly one address and one SSL mode. The one that worked last time is tried first next time.
"""

import asyncio
import socket
from collections.abc import Iterator

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

# What libpq takes to make one connection: host, hostaddr, port, dbname, user ...
ConnectionParameters = dict[str, str]

# A dead network path must be noticed without traffic of our own (a black hole sends no reset).
KEEPALIVE = {
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}


class Hosts:
    """The hosts of one connection string, and which address worked last.

    Raises ValueError if libpq does not understand the string. The message does not repeat it.
    """

    def __init__(self, url: str) -> None:
        try:
            self._parameters: ConnectionParameters = parse_dsn(url)
        except ProgrammingError:
            raise ValueError("not a PostgreSQL connection string") from None
        self._good: ConnectionParameters | None = None
        self.generation = 0

    @property
    def description(self) -> str:
        """Host and database, to be shown to people. It never holds a user or a password."""
        where = self._parameters.get("host") or self._parameters.get("hostaddr") or "local socket"
        return f"{self._parameters.get('dbname', '')} on {where}"

    def remember(self, parameters: ConnectionParameters) -> None:
        """Try ``parameters`` first from now on: they led to a connection."""
        self._good = parameters

    def forget(self) -> None:
        """Forget which address worked, and make connections of this generation unusable.

        Call it when a server turns out to be the wrong one, for example a demoted primary.
        """
        self._good = None
        self.generation += 1

    async def addresses(self) -> list[ConnectionParameters]:
        """Return every way to reach a server, the one that worked last first.

        Raises OSError if a name does not resolve.
        """
        found = [one for host in self._hosts() for one in await self._addresses(host)]
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
            one = {**KEEPALIVE, "application_name": "nestmap", "gssencmode": "disable"}
            one |= self._parameters
            one["host"] = hosts[n] if n < len(hosts) else ""
            one["hostaddr"] = addresses[n] if n < len(addresses) else ""
            one["port"] = ports[n] if n < len(ports) else ports[-1]
            if count > 1:
                one.setdefault("target_session_attrs", "read-write")
            yield {name: value for name, value in one.items() if value}

    async def _addresses(self, one: ConnectionParameters) -> list[ConnectionParameters]:
        """Return the parameters of each address and SSL mode of one host."""
        host = one.get("host", "")
        if (not host and "hostaddr" not in one) or host.startswith(("/", "@")):
            return [one]
        modes = ["require", "disable"] if one.get("sslmode", "prefer") == "prefer" else [None]
        addresses = [one["hostaddr"]] if "hostaddr" in one else await self._resolve(host)
        return [
            {**one, "hostaddr": address, **({"sslmode": mode} if mode else {})}
            for address in addresses
            for mode in modes
        ]

    async def _resolve(self, host: str) -> list[str]:
        # libpq would resolve the name itself, and block the loop while it does.
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))
