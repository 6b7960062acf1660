"""Parses a connection string, and describes mistakes without repeating the string."""

import os
import re

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

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


def parse(url: str) -> ConnectionParameters:
    try:
        parameters: ConnectionParameters = parse_dsn(url)
    except ProgrammingError as error:
        raise ValueError(_mistake(url, str(error))) from None
    if not all(port.isdecimal() or not port for port in parameters.get("port", "").split(",")):
        raise ValueError("a connection string whose port is not a number")
    if not parameters.get("connect_timeout", "0").isdecimal():
        raise ValueError("a connection string whose connect_timeout is not a number of seconds")
    environment = {
        name: value
        for name, variable in FROM_ENVIRONMENT.items()
        if (value := os.environ.get(variable)) and not parameters.get("service")
    }
    return environment | parameters


def _mistake(url: str, message: str) -> str:
    """Describe the mistake in a connection string without repeating a possible password."""
    match = UNKNOWN_PARAMETER.search(message)
    if match and "@" not in url.rpartition("?")[2]:
        return f"a connection string with a parameter that PostgreSQL does not know: {match[1]}"
    return (
        "not a PostgreSQL connection string: write special characters in user and password"
        " percent-encoded"
    )
