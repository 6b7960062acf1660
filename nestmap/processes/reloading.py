"""Restarts the program after a change of its code or of a template: `run.py --reload`.

tornado.autoreload replaces the process from inside its event loop: responses are cut off, workers
are left behind, and after a syntax error the site is down. Here the program stops as after SIGTERM,
the embedded PostgreSQL keeps running, and a change that can't be imported is reported and not
loaded.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

log = logging.getLogger("nestmap")

WATCHED = ("run.py", ".env", "handlers", "nestmap", "sql")


class Reloader:
    """Checks for changes below ``folder``, that of run.py.

    ``wanted`` is True if a restart is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._times()
        self.wanted = False

    def look(self) -> None:
        """Stop the program if a file has changed since the last check. Call it every second."""
        times = self._times()
        if self.wanted or times == self._seen:
            return
        self._seen = times
        if reason := self._reason_not_to_import():
            log.error("the change is not loaded, because it can't be imported:\n%s", reason)
            return
        log.info("a file has changed, starting again")
        self.wanted = True
        os.kill(os.getpid(), signal.SIGTERM)

    def _times(self) -> dict[Path, int]:
        return {path: stat.st_mtime_ns for path, stat in self._files()}

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for name in WATCHED:
            top = self._folder / name
            for path in (top, *top.rglob("*")):
                try:
                    stat = path.stat()
                except OSError:  # missing, or just removed by an editor
                    continue
                if path.is_file() and not _is_noise(path):
                    yield path, stat

    def _reason_not_to_import(self) -> str:
        """Import run.py in another process; return the traceback, or "" if it succeeds."""
        done = subprocess.run(
            [sys.executable, "-c", "import run"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr if done.returncode else ""


def _is_noise(path: Path) -> bool:
    """Return True for temporary files of Python and editors."""
    return path.suffix in (".pyc", ".swp") or path.name.startswith(".#") or path.name.endswith("~")


def start_again() -> NoReturn:
    """Replace this process by the same command. The embedded database continues."""
    logging.shutdown()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
