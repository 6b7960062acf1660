"""Programs that share one DATA_DIR: who uses the server, and who changes something about it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nestmap.files import open_owned


class Locks:
    """Two locks on files, which the kernel lets go of however a program ends."""

    def __init__(self, data_dir: Path) -> None:
        self._users = open_owned(data_dir / "postgres.lock")
        self._change = open_owned(data_dir / "postgres.change.lock")

    @contextmanager
    def change(self) -> Iterator[None]:
        """Be the only one who starts or stops the server; waits for the others."""
        fcntl.flock(self._change, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._change, fcntl.LOCK_UN)

    def use(self) -> None:
        """Be one of those who use the server."""
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def last(self) -> bool:
        """Return True if no other program uses the server. Only within change()."""
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go of both."""
        os.close(self._users)
        os.close(self._change)
