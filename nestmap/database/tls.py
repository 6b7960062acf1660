"""Finds the hosts of a connection string that would be reached without verified TLS."""

import ipaddress
from collections.abc import Mapping

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn


def unverified_hosts(url: str, environment: Mapping[str, str]) -> list[str]:
    """Return the remote hosts whose certificate is not checked against their name.

    Only ``sslmode=verify-full`` checks it. Missing parameters are taken from PGSSLMODE, PGHOST and
    PGHOSTADDR, as in libpq. Sockets and this machine are not remote.
    """
    try:
        parameters = parse_dsn(url)
    except ProgrammingError:
        return []
    mode = parameters.get("sslmode") or environment.get("PGSSLMODE") or "prefer"
    if mode == "verify-full":
        return []
    names = parameters.get("host") or parameters.get("hostaddr")
    names = names or environment.get("PGHOST") or environment.get("PGHOSTADDR") or ""
    return [name for name in names.split(",") if not _is_local(name)]


def _is_local(name: str) -> bool:
    if not name or name.startswith(("/", "@")) or name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
