"""The console of the database: psql on DATABASE_URL or on the embedded PostgreSQL."""

import os
import shutil
import signal
import subprocess

from nestmap.database.conninfo import without_password
from nestmap.embedded.programs import program


def run_console(url: str, arguments: list[str]) -> int:
    """Run psql until it is left, and return its exit status.

    The machine's own psql is preferred: the one that comes along speaks no TLS. The password goes by
    the environment, for a command line can be read by every user.
    """
    conninfo, password = without_password(url)
    psql = shutil.which("psql") or program("psql")
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    # A Ctrl-C is for psql alone, which then forgets the line that was typed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console = subprocess.Popen(
        [psql, "--dbname", conninfo, *arguments],
        env=environment,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509 (there is no thread yet)
    )
    return console.wait()


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
