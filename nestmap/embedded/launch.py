"""One start of the server, and the reason if it failed."""

import os
import signal
from pathlib import Path

from nestmap.embedded import sockets
from nestmap.embedded.account import Account
from nestmap.embedded.data_folder import reason
from nestmap.embedded.postmaster import remove_stale_lock_file
from nestmap.embedded.programs import program
from nestmap.files import open_owned

# A start empties a log that is larger than this (bytes).
LONGEST_LOG = 1_000_000

# These options override postgresql.conf. Our statements contain sids and hashes of passwords, which
# must not be logged.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "lc_messages": "C",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Launch:
    """Starts the server of ``data``, which may run longer than this process."""

    def __init__(self, data: Path, folder: Path, account: Account) -> None:
        where = account.path_of(data) if folder == data else folder
        settings = SETTINGS | {"unix_socket_directories": sockets.setting(where)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        remove_stale_lock_file(data)
        self._log = open_owned(data / "log", os.O_APPEND)
        if os.fstat(self._log).st_size > LONGEST_LOG:
            os.ftruncate(self._log, 0)
        self._offset = os.fstat(self._log).st_size
        # A new process session, so that a Ctrl-C in the terminal reaches the site only.
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
        """Stop a server that may not be ready yet."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def reason(self) -> str:
        """Return the last error in the log of the server."""
        size = os.fstat(self._log).st_size
        return reason(
            os.pread(self._log, size - self._offset, self._offset).decode(errors="replace")
        )

    def close(self) -> None:
        """Close the files; reap the process if it has ended."""
        self._process.poll()
        os.close(self._log)
