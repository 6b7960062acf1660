"""Starts the embedded PostgreSQL, keeps it running, and stops it after the last program that uses it."""

import logging
import time
from pathlib import Path

from nestmap.embedded import sockets
from nestmap.embedded.account import Account, account_for
from nestmap.embedded.data_folder import check_data_folder, make_data_folder
from nestmap.embedded.errors import EmbeddedError
from nestmap.embedded.launch import Launch
from nestmap.embedded.locks import Locks
from nestmap.embedded.postmaster import Postmaster, find_postmaster

log = logging.getLogger("nestmap.embedded")

# The longest recovery after a crash; the server accepts connections after it (seconds).
START_SECONDS = 60.0

# How long to wait for the backends of a killed server to end before the next start (seconds).
LEAVING_SECONDS = 10.0

# A server that dies repeatedly is started again after 1, 2, 4, ... up to this many seconds.
LONGEST_PAUSE = 30.0


class EmbeddedPostgres:
    """One PostgreSQL under ``data_dir``, shared by all programs with this folder.

    ``account`` runs it, by default that of account_for(). start() and stop() block: the first start
    takes some seconds, later ones less than one.
    """

    def __init__(self, data_dir: Path, account: Account | None = None) -> None:
        self._data_dir = data_dir.resolve()
        # A link leads to the data: the server's working folder is the folder itself.
        self._data = (self._data_dir / "postgres").resolve()
        self._given_account = account
        self._account = account or Account()
        self._sockets = self._data
        self._locks: Locks | None = None
        self._server: Postmaster | None = None
        self._launch: Launch | None = None
        self._again_at = 0.0
        self._pause = 1.0

    @property
    def url(self) -> str:
        """The connection string, which is the same from start() to stop()."""
        return sockets.url(self._sockets)

    def start(self) -> None:
        """Start the server, or use the running one; EmbeddedError if neither is possible."""
        if "\n" in str(self._data) or not _is_text(self._data):
            raise EmbeddedError("DATA_DIR must be UTF-8 text without a line break")
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._locks = Locks(self._data_dir)
            with self._locks.change():
                self._locks.use()
                self._start()
        except OSError as error:
            raise EmbeddedError(
                f"DATA_DIR: {error.filename or self._data_dir} can't be used ({error.strerror});"
                " set DATA_DIR to a folder of your own, or set DATABASE_URL"
            ) from error

    def tend(self) -> None:
        """Start the server again if it has ended; returns before it is ready. Call it every second."""
        now = time.monotonic()
        if self._runs():
            if now > self._again_at + LONGEST_PAUSE:
                self._pause = 1.0
            return
        if now < self._again_at or self._locks is None:
            return
        self._again_at, self._pause = now + self._pause, min(2 * self._pause, LONGEST_PAUSE)
        try:
            with self._locks.change():
                self._server = find_postmaster(self._data)  # another program may have started it
                if self._server is None:
                    reason = self._launch.reason() if self._launch else "it was not ours"
                    log.error("the embedded PostgreSQL has ended, starting it again: %s", reason)
                    sockets.make_again(self._sockets, self._data, self._account)
                    self._spawn()
        except (OSError, EmbeddedError) as error:
            log.error("the embedded PostgreSQL can't be started: %s", error)  # noqa: TRY400

    def stop(self) -> None:
        """Stop the server if no other program uses it."""
        if self._locks is None:
            return
        try:
            with self._locks.change():
                if self._locks.last():
                    self._stop_server()
        except (OSError, EmbeddedError) as error:
            # If nothing was started, start() has given the reason.
            if self._server or self._launch:
                log.error("the embedded PostgreSQL can't be stopped: %s", error)  # noqa: TRY400
        self._forget_launch()
        self._locks.close()
        self._locks = None

    def _stop_server(self) -> None:
        if server := find_postmaster(self._data):
            server.stop()
        elif self._launch and not self._launch.failed():
            self._launch.stop()
        sockets.remove(self._sockets, self._data)

    def _start(self) -> None:
        self._account = self._given_account or account_for(self._data)
        if not check_data_folder(self._data):
            make_data_folder(self._data, self._account)
        self._server = find_postmaster(self._data)
        if self._server and self._server.stopping:
            # It may wait for its clients as long as they like, and no new one can connect.
            self._server.stop()
            self._server = None
        if self._server is None:
            self._sockets = sockets.socket_folder(self._data, self._account)
            self._spawn()
        self._wait_until_ready()
        assert self._server
        self._sockets = self._server.sockets

    def _wait_until_ready(self) -> None:
        began = time.monotonic()
        while not (self._server and self._server.ready):
            waited = time.monotonic() - began
            if waited > START_SECONDS:
                raise EmbeddedError(
                    f"the embedded PostgreSQL is not ready after {START_SECONDS:.0f} s;"
                    f" see {self._data}/log"
                )
            if self._launch and self._launch.failed():
                self._spawn_again(waited)
            time.sleep(0.02)
            self._server = find_postmaster(self._data)

    def _spawn_again(self, waited: float) -> None:
        assert self._launch
        reason = self._launch.reason()
        if "still in use" not in reason or waited > LEAVING_SECONDS:
            sockets.remove(self._sockets, self._data)
            raise EmbeddedError(f"the embedded PostgreSQL in {self._data} did not start: {reason}")
        time.sleep(0.2)
        self._spawn()

    def _spawn(self) -> None:
        self._forget_launch()
        self._launch = Launch(self._data, self._sockets, self._account)

    def _forget_launch(self) -> None:
        if self._launch:
            self._launch.close()
        self._launch = None

    def _runs(self) -> bool:
        if self._launch:
            return not self._launch.failed()
        if self._server is None or not self._server.serves(self._data):
            self._server = find_postmaster(self._data)
        return self._server is not None


def _is_text(path: Path) -> bool:
    """Return True if the path is UTF-8, which a connection string must be."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
