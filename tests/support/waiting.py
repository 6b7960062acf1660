"""Wait for an effect of another process; never for time to pass."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], what: str, *, seconds: float = 30) -> Found:
    """Call `condition` until its result is true, and return the result."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s without success: {what}")
        time.sleep(0.01)
    return found


def connectable(port: int) -> bool:
    """Return True if a server listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
