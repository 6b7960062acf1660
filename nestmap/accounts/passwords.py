"""Passwords: argon2id, in a small thread pool of its own with a bounded queue."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

log = logging.getLogger("nestmap.accounts")

Result = TypeVar("Result")


class TooManySignIns(Exception):
    """More passwords wait to be checked than can be; try again in a moment."""


class Passwords:
    """Hashes and verifies without holding up the event loop.

    argon2id with 19 MiB and 2 passes takes about 33 ms of a core (OWASP's parameters), so at most
    ``threads`` run at once and at most ``waiting`` wait.
    """

    def __init__(self, threads: int = 2, waiting: int = 64) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = threads + waiting
        self._inside = 0
        self._nobodys = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The string to store; TooManySignIns when the queue is full."""
        return await self._in_pool(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; with no stored hash it takes as long, and is not."""
        return await self._in_pool(lambda: self._matches(stored or self._nobodys, password)) and (
            stored is not None
        )

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let what runs end, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password.encode("utf-8", "replace"))
        except InvalidHashError:
            log.error("a stored password hash is broken; its account can't sign in")  # noqa: TRY400
        except VerificationError:
            pass
        return False

    async def _in_pool(self, work: Callable[[], Result]) -> Result:
        if self._inside >= self._room:
            raise TooManySignIns
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1
