"""A PostgreSQL for the tests, from the programs of the embedded one."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2

from nestmap.embedded.account import account_for
from nestmap.embedded.data_folder import make_data_folder
from nestmap.embedded.programs import program
from tests.support.database import Database
from tests.support.ports import free_port
from tests.support.waiting import wait_until

PASSWORD = (
    "the-database-password"  # the server does not ask for it (trust), but it must never be in a log
)

# Unsafe and fast, since the data is temporary; far from UTC, so that tests notice local time.
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = '64MB'
fsync = off
full_page_writes = off
timezone = 'Pacific/Chatham'
log_timezone = 'UTC'
"""

ROLES = Path(__file__).resolve().parents[2] / "sql" / "roles.sql"


class Cluster:
    """One PostgreSQL on a TCP port of 127.0.0.1, with the databases of the tests."""

    def __init__(self, **configuration: object) -> None:
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="nestmap-tests-"))
        self._home.chmod(0o711)
        self.data = self._home / "data"
        make_data_folder(self.data, account_for(self.data))
        self._numbers = itertools.count(1)
        self._append(CONFIGURATION)
        self.configure(port=self.port, **configuration)
        self.start()

    @property
    def system_user(self) -> str | None:
        """The user that runs the programs of PostgreSQL; None means the user of the tests."""
        owner = pwd.getpwuid(self.data.stat().st_uid).pw_name
        return owner if os.geteuid() == 0 else None

    def configure(self, **settings: object) -> None:
        """Write settings, which are used from the next start on."""
        self._append("".join(f"{name} = '{value}'\n" for name, value in settings.items()))

    def start(self) -> None:
        self._pg_ctl("start", "-l", str(self.data / "log"))

    def stop(self, mode: str = "fast") -> None:
        self._pg_ctl("stop", "-m", mode)

    def crash(self) -> None:
        """Kill the server and all its backends at once."""
        lock = self.data / "postmaster.pid"
        postmaster = psutil.Process(int(lock.read_text().split()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: all(map(_dead, processes)), "the server to die")
        # Reap the postmaster: while its PID exists, the next start would be refused.
        lock.unlink()

    def log(self) -> str:
        """Return the log of the server so far."""
        return (self.data / "log").read_text(errors="replace")

    def remove(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._home, ignore_errors=True)

    def grant_serving(self, database: Database) -> None:
        """Make the role that serves, and grant it the rights of sql/roles.sql in this database."""
        self._execute(
            "do $$ begin create role nestmap_serving login;"
            " exception when duplicate_object then null; end $$"
        )
        subprocess.run(
            [program("psql"), "-q", "-X", "-f", ROLES, database.url],
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def create(self, template: str = "template0") -> Database:
        """Make a database, a copy of `template`."""
        name = f"nestmap_{next(self._numbers)}"
        self._execute(f'create database "{name}" template "{template}"')
        return self.database(name)

    def drop(self, database: Database) -> None:
        database.close()
        self._execute(f'drop database if exists "{database.name}" with (force)')

    def rename(self, database: Database, name: str) -> None:
        """Rename a database, so that connections to the old name fail."""
        database.close()
        self.terminate_backends(database)
        self._execute(f'alter database "{database.name}" rename to "{name}"')

    def database(self, name: str) -> Database:
        return Database(f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/{name}")

    def terminate_backends(self, database: Database) -> None:
        self._execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            database.name,
        )

    def _append(self, text: str) -> None:
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(text)

    def _execute(self, sql: str, *parameters: object) -> None:
        connection = psycopg2.connect(self.database("postgres").url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
        finally:
            connection.close()

    def _pg_ctl(self, *arguments: str) -> None:
        # The output is discarded: the server that pg_ctl starts would keep a pipe open.
        subprocess.run(
            [program("pg_ctl"), "-w", "-D", self.data, *arguments],
            check=True,
            user=self.system_user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )


def _dead(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return True
