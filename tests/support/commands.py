"""`python -m nestmap`, as an operator runs it."""

import subprocess
import sys
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.database import Database
from tests.support.instance import SECRET, environment


def nestmap(
    *arguments: str,
    database_url: str | None,
    directory: Path,
    stdin: str | bytes = "",
    **settings: object,
) -> subprocess.CompletedProcess[str]:
    given = {"DATABASE_URL": database_url, "SESSION_SECRET": SECRET, "DATA_DIR": directory / "data"}
    done = subprocess.run(
        [sys.executable, "-m", "nestmap", *arguments],
        cwd=directory,
        env=environment(given | settings),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    words = (done.stdout.decode(), done.stderr.decode())
    return subprocess.CompletedProcess(done.args, done.returncode, *words)


def migrated_database(cluster: Cluster, directory: Path) -> Database:
    """Make a database with the schema of the site and no rows."""
    database = cluster.create()
    done = nestmap("migrate", database_url=database.url, directory=directory)
    assert done.returncode == 0, done.stderr
    return database
