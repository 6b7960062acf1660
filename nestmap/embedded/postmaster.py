"""The running server of a data folder, found by postmaster.pid."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from nestmap.embedded.account import INSIDE
from nestmap.embedded.errors import EmbeddedError

# How long a fast stop may take before an immediate stop, which makes a recovery necessary at the
# next start and loses no data (seconds).
STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server that was running when it was found."""

    process: psutil.Process
    sockets: Path
    # The word for it in postmaster.pid: "starting", "ready", "stopping" ..., or "" if there is none yet.
    status: str

    @property
    def ready(self) -> bool:
        """True if it accepts connections."""
        return self.status == "ready"

    @property
    def stopping(self) -> bool:
        """True if it accepts no more connections; it may wait for the end of those that it has."""
        return self.status == "stopping"

    def serves(self, data: Path) -> bool:
        """Return True if it still runs on this data folder."""
        try:
            return _serves(self.process, data)
        except psutil.Error:
            return False

    def stop(self) -> None:
        """End its connections and stop it; returns when the process has ended."""
        with suppress(psutil.NoSuchProcess):
            # psutil sends no signal if the PID now belongs to another process.
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(STOP_SECONDS)


def find_postmaster(data: Path) -> Postmaster | None:
    """Return the server of this data folder, or None.

    The PID in postmaster.pid is checked: after a power cut another program may have it.
    """
    lines = _lock_file(data)
    if len(lines) < 5 or not lines[0].strip().isdecimal():
        return None
    try:
        process = psutil.Process(int(lines[0]))
        if not _serves(process, data):
            return None
    except psutil.Error:
        return None
    status = lines[7].strip() if len(lines) > 7 else ""
    sockets = Path(lines[4].strip())
    return Postmaster(process, data if sockets == INSIDE else sockets, status)


def remove_stale_lock_file(data: Path) -> None:
    """Remove a postmaster.pid with the PID of another program, or of a zombie.

    PostgreSQL would take any process with that PID for a server and refuse to start.
    """
    lines = _lock_file(data)
    number = lines[0].strip() if lines else ""
    unreadable = not number.isdecimal()
    if unreadable or psutil.pid_exists(int(number)):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _serves(process: psutil.Process, data: Path) -> bool:
    """Return True if this process is a PostgreSQL that runs on this data folder.

    The working folder of a server is its data folder; only its owner and root can read that.
    """
    alive = process.status() != psutil.STATUS_ZOMBIE
    return alive and process.name() == "postgres" and Path(process.cwd()) == data


def _lock_file(data: Path) -> list[str]:
    try:
        return os.fsdecode((data / "postmaster.pid").read_bytes()).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EmbeddedError(
            f"DATA_DIR: {data} can't be read ({error.strerror}); mend its rights,"
            " or set DATA_DIR to another folder"
        ) from error
