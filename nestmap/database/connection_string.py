"""Connection strings of libpq. A message about a mistake never repeats the string."""

import ipaddress
import os
import re
from collections.abc import Mapping
from itertools import zip_longest

from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn, parse_dsn

# The parameters of libpq for one connection: host, hostaddr, port, dbname, user ...
ConnectionParameters = dict[str, str]

# Environment variables that libpq uses for missing parameters, as far as they are needed here.
FROM_ENVIRONMENT = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "sslmode": "PGSSLMODE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}

UNKNOWN_PARAMETER = re.compile(r"invalid (?:URI query parameter|connection option)[^\w]+(\w+)")


def parse(url: str) -> ConnectionParameters:
    """Return the parameters of a connection string, completed from the environment as in libpq.

    Raises ValueError, which describes the mistake.
    """
    parameters = _parsed(url)
    if not all(port.isdecimal() or not port for port in parameters.get("port", "").split(",")):
        raise ValueError("a connection string whose port is not a number")
    if not parameters.get("connect_timeout", "0").isdecimal():
        raise ValueError("a connection string whose connect_timeout is not a number of seconds")
    if parameters.get("service"):
        return parameters
    environment = {name: os.environ.get(variable) for name, variable in FROM_ENVIRONMENT.items()}
    return {name: value for name, value in environment.items() if value} | parameters


def describe(parameters: ConnectionParameters) -> str:
    """Return host, port, database and user of one connection; never the password."""
    host, address = parameters.get("host", "local socket"), parameters.get("hostaddr", "")
    where = f"{host} ({address})" if address not in ("", host) else host
    words = {
        "host": where,
        "port": parameters.get("port", "5432"),
        "database": parameters.get("dbname"),
        "user": parameters.get("user"),
    }
    return ", ".join(f"{name} {word}" for name, word in words.items() if word)


def without_password(url: str) -> tuple[str, str | None]:
    """Return a connection string without its password, and the password. Raises ValueError."""
    parameters = _parsed(url)
    password = parameters.pop("password", None)
    return str(make_dsn(**parameters)), password


def unverified_hosts(url: str, environment: Mapping[str, str]) -> list[str]:
    """Return the remote hosts that would be reached without verified TLS.

    Only ``sslmode=verify-full`` checks the certificate against the name of the host. Missing parameters
    are taken from ``environment``, as in libpq. The file of a service may name any host and mode, so a
    service counts as a host. Sockets and this machine are not remote. A malformed string has no hosts.
    """
    try:
        parameters = _parsed(url)
    except ValueError:
        return []
    service = parameters.get("service") or environment.get("PGSERVICE")
    mode = parameters.get("sslmode") or (not service and environment.get("PGSSLMODE"))
    if mode == "verify-full":
        return []
    if service:
        return [f"service {service}"]
    names = (parameters.get("host") or environment.get("PGHOST") or "").split(",")
    addresses = (parameters.get("hostaddr") or environment.get("PGHOSTADDR") or "").split(",")
    # libpq connects to the address, where there is one; then the name is only for the certificate.
    reached = [address or name for name, address in zip_longest(names, addresses, fillvalue="")]
    return [host for host in reached if not _is_local(host)]


def _is_local(name: str) -> bool:
    if not name or name.startswith(("/", "@")) or name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _parsed(url: str) -> ConnectionParameters:
    try:
        parameters: ConnectionParameters = parse_dsn(url)
    except ProgrammingError as error:
        raise ValueError(_mistake(url, str(error))) from None
    return parameters


def _mistake(url: str, message: str) -> str:
    """Describe the mistake in a connection string without repeating a possible password."""
    match = UNKNOWN_PARAMETER.search(message)
    if match and "@" not in url.rpartition("?")[2]:
        return f"a connection string with a parameter that PostgreSQL does not know: {match[1]}"
    return (
        "not a PostgreSQL connection string: write special characters in user and password"
        " percent-encoded"
    )
