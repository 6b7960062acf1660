"""Connects to the first of several addresses that answers."""

import asyncio
from collections import deque
from itertools import groupby

from nestmap.database.connection import Connection
from nestmap.database.connection_string import ConnectionParameters
from nestmap.database.errors import DatabaseError, Unavailable
from nestmap.database.hosts import Hosts, address_of
from nestmap.timeouts import TIMEOUTS

# libpq's reason if the server has no TLS. In the modes "prefer" and "allow" that is no fault.
NO_TLS = "server does not support SSL"


async def connect(hosts: Hosts) -> Connection:
    """Return a connection to one of ``hosts``. Raise Unavailable with a cause for each address.

    The addresses are tried in order. The next one is tried in addition when one has failed or has not
    answered for a moment (as in RFC 8305), so an address that never answers causes a short delay only.
    """
    generation = hosts.generation
    waiting = deque(list(same) for _, same in groupby(await hosts.addresses(), key=address_of))
    running: set[asyncio.Task[Connection]] = set()
    causes: list[str] = []
    try:
        while waiting or running:
            if waiting:
                attempt = _connect_to_one(hosts, waiting.popleft(), generation)
                running.add(asyncio.ensure_future(attempt))
            done, _ = await asyncio.wait(
                running,
                timeout=TIMEOUTS.next_address if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                running.discard(task)
                if (error := task.exception()) is None:
                    return task.result()
                causes.append(str(error))
    except asyncio.CancelledError:
        # A pool that is closed leaves nothing behind.
        await asyncio.wait(_give_up(running))
        raise
    finally:
        _give_up(running)
    raise Unavailable("; ".join(dict.fromkeys(causes)))


async def _connect_to_one(
    hosts: Hosts, ways: list[ConnectionParameters], generation: int
) -> Connection:
    """Try the SSL modes of one address in turn; the second is weaker."""
    causes = []
    for parameters in ways:
        try:
            connection = await Connection.open(parameters, hosts.connect_timeout, generation)
        except DatabaseError as error:
            causes.append(str(error))
        else:
            hosts.remember(parameters)
            hosts.round_trip = connection.round_trip
            return connection
    reasons = [cause for cause in dict.fromkeys(causes) if NO_TLS not in cause] or causes
    raise Unavailable("; ".join(reasons))


def _give_up(attempts: set[asyncio.Task[Connection]]) -> set[asyncio.Task[Connection]]:
    """Cancel attempts and return them, so that they can be awaited; the set is empty afterwards."""
    ended = set(attempts)
    for task in ended:
        task.cancel()
        task.add_done_callback(_close)
    attempts.clear()
    return ended


def _close(task: asyncio.Task[Connection]) -> None:
    """Close a connection that was made too late."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
