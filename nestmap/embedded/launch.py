"""One start of the server, and why it failed."""

import os
import signal
from pathlib import Path

from nestmap.embedded import sockets
from nestmap.embedded.account import Account
from nestmap.embedded.data_folder import reason
from nestmap.embedded.postmaster import forget_stranger
from nestmap.embedded.programs import program
from nestmap.files import open_owned

# The log begins anew at a start that finds more than this (bytes).
LONGEST_LOG = 1_000_000

# What wins over postgresql.conf. Statements of ours have sids and hashes of passwords in them, which
# belong in no log.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "lc_messages": "C",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Launch:
    """Starts the server of ``data``, which then outlives this process."""

    def __init__(self, data: Path, folder: Path, account: Account) -> None:
        where = account.path_of(data) if folder == data else folder
        settings = SETTINGS | {"unix_socket_directories": sockets.setting(where)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        forget_stranger(data)
        self._log = open_owned(data / "log", os.O_APPEND)
        if os.fstat(self._log).st_size > LONGEST_LOG:
            os.ftruncate(self._log, 0)
        self._offset = os.fstat(self._log).st_size
        # A session of its own, so that a Ctrl-C in the terminal is for the site alone.
        self._process = account.start(
            [program("postgres"), "-D", account.path_of(data), *options],
            cwd=data,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def failed(self) -> bool:
        """Return True if the process has ended."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Stop a server that may not have said yet that it is there."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def reason(self) -> str:
        """Return what the server said last of why it ended."""
        size = os.fstat(self._log).st_size
        return reason(
            os.pread(self._log, size - self._offset, self._offset).decode(errors="replace")
        )

    def close(self) -> None:
        """Forget it; a process that has ended is reaped."""
        self._process.poll()
        os.close(self._log)
