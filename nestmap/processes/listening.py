"""The sockets of HOST and PORT."""

import errno
import socket
from typing import NamedTuple

from tornado.netutil import bind_sockets


class ListenError(Exception):
    """The site can't listen on the address; the message is one line that names the remedy."""


class Sockets(NamedTuple):
    """The listening sockets of a process: for visitors and, if there are any, for metrics."""

    site: list[socket.socket]
    metrics: list[socket.socket]


def listen(host: str, port: int, names: str = "") -> list[socket.socket]:
    """Return listening sockets. The host ``::`` means all addresses of this machine, IPv4 and IPv6.

    ``names`` is what the names of the two settings begin with, for messages.
    """
    try:
        return bind_sockets(port, None if host == "::" else host, backlog=1024)
    except (socket.gaierror, UnicodeError):  # UnicodeError: no host has such a name
        raise ListenError(
            f"{names}HOST: no address is known for {host}; 127.0.0.1 is this machine"
        ) from None
    except OSError as error:
        raise ListenError(_reason(error, host, port, names)) from None


def addresses(sockets: list[socket.socket]) -> list[str]:
    """Return the URLs of the sockets."""
    return [f"http://{_address(*listening.getsockname()[:2])}" for listening in sockets]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError, host: str, port: int, names: str) -> str:
    where = _address(host, port)
    if error.errno == errno.EADDRINUSE:
        return (
            f"{where} is in use; stop the program that listens there, or choose another port:"
            f" {names}PORT={port + 1 if port < 65535 else 8888} python run.py"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{names}HOST: {host} is no address of this machine;"
            " 0.0.0.0 is all of its IPv4 addresses"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"{names}PORT: {where} needs a privilege; choose a port from 1024 on and let a proxy"
            f" listen on {port}"
        )
    return f"{names}HOST and {names}PORT: {where} can't be used: {error.strerror}"
