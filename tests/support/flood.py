"""More simultaneous requests than threads could send, each on its own connection."""

import asyncio
import itertools
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.machine import MACHINE

AT_A_TIME = 100  # connections that are being made, well below the backlog of the site's socket


@dataclass
class Outcome:
    """One request, with its number in the order of sending, and its response."""

    number: int
    began: float
    ended: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_promised_503(self) -> bool:
        """True for a 503 as it is promised."""
        unharmed = "set-cookie" not in self.headers and int(self.headers["retry-after"]) > 0
        return self.status == 503 and unharmed and MACHINE.in_time(self.began, self.ended, 5)


class Flood:
    """Requests that were sent; `answered` grows with each response."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._port = port
        self._requests = requests
        self.answered: list[Outcome] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send_all()), daemon=True)

    def start(self) -> None:
        MACHINE.watch()
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until every request has its response."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"{len(self.answered)} of {len(self._requests)} answers"

    async def _send_all(self) -> None:
        limit = asyncio.Semaphore(AT_A_TIME)
        await asyncio.gather(*[self._send(*each, limit) for each in enumerate(self._requests)])

    async def _send(self, number: int, request: bytes, limit: asyncio.Semaphore) -> None:
        async with limit:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            outcome = Outcome(number, time.monotonic())
            writer.write(request)
            await writer.drain()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *headers = head.strip().split("\r\n")
            outcome.status = int(line.split()[1])
            outcome.headers = {name.lower(): value for name, _, value in map(_halves, headers)}
            outcome.body = await reader.readexactly(int(outcome.headers.get("content-length", 0)))
        except (OSError, asyncio.IncompleteReadError):
            pass
        outcome.ended = time.monotonic()
        self.answered.append(outcome)
        writer.close()


def _halves(line: str) -> tuple[str, str, str]:
    return line.partition(": ")


@contextmanager
def many_connections(count: int) -> Iterator[None]:
    """Allow this process and its children `count` connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def repeat_requests(
    port: int, request: Callable[[int], bytes], *, connections: int
) -> Iterator[list[tuple[int, float]]]:
    """Send requests on all `connections`, each after the previous response, until the block ends.

    The status and the seconds of each answer are in the list.
    """
    answered: list[tuple[int, float]] = []
    over = threading.Event()
    numbers = itertools.count()

    async def repeat() -> None:
        while not over.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            try:
                writer.write(request(next(numbers)))
                status = int((await reader.readline()).split()[1])
                answered.append((status, time.monotonic() - began))
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    async def run_all() -> None:
        await asyncio.gather(*[repeat() for _ in range(connections)])

    thread = threading.Thread(target=lambda: asyncio.run(run_all()))
    thread.start()
    try:
        yield answered
    finally:
        over.set()
        thread.join()
