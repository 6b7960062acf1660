"""The servers that DATABASE_URL names, one attempt at a time.

aiopg fails as soon as libpq moves from one host, address or SSL mode to the next by itself: the
descriptor changes under epoll. So a connection string becomes a list of attempts, each for exactly
one address, and the attempt that worked last time is the first one next time.
"""

import asyncio
import socket
from collections.abc import Iterator

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

Attempt = dict[str, str]

# A wire that went dead must be noticed without traffic of our own (a black hole sends no reset).
KEEPALIVE = {
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}


class Servers:
    """Knows how each server of a connection string is reached, and which one was good.

    Raises ValueError when the string is not one that libpq understands (without repeating it).
    """

    def __init__(self, url: str) -> None:
        try:
            self._parameters: Attempt = parse_dsn(url)
        except ProgrammingError:
            raise ValueError("not a PostgreSQL connection string") from None
        self._good: Attempt | None = None
        self.generation = 0

    @property
    def description(self) -> str:
        """Host and database for people to read; never a user or a password."""
        where = self._parameters.get("host") or self._parameters.get("hostaddr") or "local socket"
        return f"{self._parameters.get('dbname', '')} on {where}"

    def remember(self, attempt: Attempt) -> None:
        """Try this one first from now on."""
        self._good = attempt

    def forget(self) -> None:
        """No server is known to be good, and connections of this generation lead to the wrong one."""
        self._good = None
        self.generation += 1

    async def attempts(self) -> list[Attempt]:
        """Every way to reach a server, the last good one first; OSError when no name resolves."""
        found = [attempt for host in self._hosts() for attempt in await self._expand(host)]
        if self._good in found:
            found.remove(self._good)
            found.insert(0, self._good)
        return found

    def _hosts(self) -> Iterator[Attempt]:
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

    async def _expand(self, one: Attempt) -> list[Attempt]:
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
