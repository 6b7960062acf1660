"""A second PostgreSQL that replicates the first and can take its place."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from nestmap.embedded.programs import program
from tests.support.cluster import Cluster
from tests.support.database import Database
from tests.support.ports import free_port
from tests.support.waiting import wait_until


class Standby(Cluster):
    """A synchronous streaming standby: the primary acknowledges a commit when it is here too."""

    def __init__(self, primary: Cluster, port: int | None = None) -> None:
        # It copies the primary, while a Cluster makes a new server.
        self.port = port or free_port()
        self._home = Path(tempfile.mkdtemp(prefix="nestmap-tests-"))
        self.data = self._home / "data"
        self._home.chmod(0o755)
        self.data.mkdir(mode=0o700)
        if primary.system_user:
            shutil.chown(self.data, primary.system_user)
        self._copy(primary)
        self.configure(port=self.port)
        self.start()
        self._be_synchronous(primary.database("postgres"))

    def promote(self) -> None:
        """Become the primary; return when writes are accepted."""
        self._pg_ctl("promote")

    def _be_synchronous(self, primary: Database) -> None:
        primary.execute("alter system set synchronous_standby_names = '*'")
        primary.execute("select pg_reload_conf()")
        state = "select sync_state from pg_stat_replication"
        wait_until(lambda: primary.all(state) == [("sync",)], "the standby to keep up")
        primary.close()

    def _copy(self, primary: Cluster) -> None:
        subprocess.run(
            [
                program("pg_basebackup"),
                *("-d", primary.database("postgres").url, "-D", self.data),
                *("--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf"),
            ],
            check=True,
            user=self.system_user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )
