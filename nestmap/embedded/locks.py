"""Locks for programs that share one DATA_DIR: for using the server, and for starting or stopping it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nestmap.files import open_owned


class Locks:
    """Two file locks, which the kernel releases when a program ends in any way."""

    def __init__(self, data_dir: Path) -> None:
        self._users = open_owned(data_dir / "postgres.lock")
        self._change = open_owned(data_dir / "postgres.change.lock")

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock for starting and stopping the server in a block; waits for other programs."""
        fcntl.flock(self._change, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._change, fcntl.LOCK_UN)

    def use(self) -> None:
        """Hold the shared lock of the programs that use the server."""
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def last(self) -> bool:
        """Return True if no other program uses the server. Only within change()."""
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Release both locks."""
        os.close(self._users)
        os.close(self._change)
