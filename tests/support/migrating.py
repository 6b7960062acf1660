"""A process that applies a folder of migrations: python -m tests.support.migrating."""

import asyncio
import subprocess
import sys
from pathlib import Path

from nestmap.database import Hosts, Migrations, migrate
from tests.support.instance import ROOT

# A test may hold locks for long; the lock timeout of migrations has its own test.
LOCK_SECONDS = 60.0


def begin_migrating(url: str, folder: Path) -> subprocess.Popen[str]:
    """Start the process; it prints the number of files that it applied."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.migrating", url, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def applied_by(process: subprocess.Popen[str]) -> int:
    """Wait for the process and return the number of files that it applied."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return int(output)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    if process.stdout and not process.stdout.closed:
        process.communicate(timeout=60)


if __name__ == "__main__":
    folders = [Migrations("test", Path(sys.argv[2]))]
    count = asyncio.run(migrate(Hosts(sys.argv[1]), folders, 60, lock_seconds=LOCK_SECONDS))
    sys.stdout.write(str(count))
