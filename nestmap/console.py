"""A psql console on DATABASE_URL or on the embedded PostgreSQL."""

import os
import shutil
import signal
import subprocess

from nestmap.database.connection_string import without_password
from nestmap.embedded.programs import program


def run_console(url: str, arguments: list[str]) -> int:
    """Run psql until it exits, and return its exit status.

    The psql of the machine is preferred, since the embedded one has no TLS. The password is passed in
    the environment: every user can read a command line.
    """
    conninfo, password = without_password(url)
    psql = shutil.which("psql") or program("psql")
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    # Only psql handles Ctrl-C, which cancels the typed line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console = subprocess.Popen(
        [psql, "--dbname", conninfo, *arguments],
        env=environment,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509 (there is no thread yet)
    )
    return console.wait()


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
