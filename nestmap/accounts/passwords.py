"""Hashes passwords with argon2id, in a small thread pool with a bounded queue."""

import logging

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from nestmap.accounts.password_queue import PasswordQueue
from nestmap.accounts.policy import checked_password, normal_password, refuse_guessable

log = logging.getLogger("nestmap.accounts")


class Passwords:
    """Hashes and verifies without blocking the event loop; may raise TooManySignIns.

    argon2id with 19 MiB and 2 passes takes about 33 ms of a core (OWASP's parameters), so at most
    ``threads`` run at once. ``share`` identifies the client: up to ``each`` requests of one share
    and up to ``waiting`` in total can wait, and the shares take turns.
    """

    def __init__(self, threads: int = 2, waiting: int = 256, each: int = 16) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
        self.queue = PasswordQueue(threads, each=each, total=waiting)
        self._dummy_hash = self._hasher.hash("no account has this hash")

    async def new_hash(self, password: str, email: str, share: str = "") -> str:
        """Return the hash of a new password; raise InvalidAccount for an unacceptable one."""
        normal = checked_password(password)
        return await self.queue.run(share, lambda: self._new_hash(normal, email))

    async def hash(self, password: str, share: str = "") -> str:
        """Return the hash of a password that was verified before."""
        normal = normal_password(password) or password
        return await self.queue.run(share, lambda: self._hasher.hash(normal))

    async def verify(
        self, stored: str | None, password: str, share: str = "", *, is_known: bool = False
    ) -> bool:
        """Return True if the password matches. Without a stored hash, return False after the same time.

        A client that ``is_known`` does not wait behind unknown ones.
        """
        # A text that is too long or too short is wrong, and takes the same time.
        normal = normal_password(password)
        hashed = (stored if normal else None) or self._dummy_hash
        matches = await self.queue.run(
            share, lambda: self._matches(hashed, normal or ""), is_known=is_known
        )
        return matches and stored is not None and normal is not None

    def outdated(self, stored: str) -> bool:
        """Return True if the hash was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Finish running work, and drop waiting work."""
        self.queue.close()

    def _new_hash(self, normal: str, email: str) -> str:
        refuse_guessable(normal, email)
        return self._hasher.hash(normal)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password.encode("utf-8", "replace"))
        except InvalidHashError:
            log.error("a stored password hash is broken; its account can't sign in")  # noqa: TRY400
        except VerificationError:
            pass
        return False
