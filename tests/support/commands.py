"""`python -m nestmap`, run the way an operator runs it."""

import subprocess
import sys
from pathlib import Path

from tests.support.instance import SECRET, environment


def nestmap(
    *arguments: str,
    database_url: str | None,
    directory: Path,
    stdin: str = "",
    **settings: object,
) -> subprocess.CompletedProcess[str]:
    given = {"DATABASE_URL": database_url, "SESSION_SECRET": SECRET, "DATA_DIR": directory / "data"}
    return subprocess.run(
        [sys.executable, "-m", "nestmap", *arguments],
        cwd=directory,
        env=environment(given | settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
