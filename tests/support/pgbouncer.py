"""PgBouncer in transaction mode, between the site and PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import connectable, wait_until

PLACES = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"

# As an operator sets it for a site that answers within seconds: PgBouncer must not delay requests
# longer than the site waits, nor look away for 15 s after a failed login, as it does by default.
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 200
server_login_retry = 0.2
server_connect_timeout = 2
query_wait_timeout = 3
logfile = {home}/log
"""


class PgBouncer:
    """Listens on `port` for the PostgreSQL on the port `server`.

    `configuration` is read last, so it overrides the other settings.
    """

    def __init__(self, server: int, user: str | None, configuration: str = "") -> None:
        program = shutil.which("pgbouncer", path=PLACES)
        assert program, "PgBouncer is not installed: run `make tools`"
        self.port = free_port()
        self._user = user
        self._home = Path(tempfile.mkdtemp(prefix="nestmap-pgbouncer-"))
        if user:
            shutil.chown(self._home, user)
        self._configuration = self._home / "pgbouncer.ini"
        self._configuration.write_text(
            CONFIGURATION.format(server=server, port=self.port, home=self._home) + configuration
        )
        self._configuration.chmod(0o644)
        self._command = [program, "--quiet", str(self._configuration)]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: connectable(self.port), "PgBouncer to listen")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)
