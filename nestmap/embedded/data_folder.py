"""Makes the data folder: under a temporary name, then renamed in one step."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from nestmap.embedded.account import Account
from nestmap.embedded.errors import EmbeddedError
from nestmap.embedded.programs import VERSION, program

# A first start that was killed leaves a folder with this name, which was never used.
UNFINISHED = "postgres-unfinished-"

# The builtin locale supports Unicode and needs no locale of the machine. Connections need no
# password: only users who may enter the folder of the socket can connect.
INITDB = [
    *("--username=postgres", "--auth=trust", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--set=timezone=UTC", "--set=log_timezone=UTC", "--no-instructions"),
]


def make_data_folder(data: Path, account: Account) -> None:
    """Make a new data folder. A start that is killed meanwhile leaves none."""
    for leftover in data.parent.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=data.parent))
    try:
        account.own(unfinished)
        _initdb(unfinished, account)
        unfinished.rename(data)  # also replaces an empty folder
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def check_data_folder(data: Path) -> bool:
    """Return True if there is a data folder of our version, False if one must be made.

    Raises EmbeddedError for data of another version and for a folder with other files.
    """
    if not data.exists() or not any(data.iterdir()):
        return False
    version = data / "PG_VERSION"
    if not (data / "global" / "pg_control").exists() or not version.exists():
        raise EmbeddedError(
            f"DATA_DIR: {data} is not a whole data folder of PostgreSQL;"
            " move it away to begin with an empty database"
        )
    if (found := version.read_text(encoding="ascii").strip()) != VERSION:
        raise EmbeddedError(
            f"DATA_DIR: {data} is of PostgreSQL {found}, this program brings {VERSION};"
            f" dump it with pg_dump {found} and restore it, or move it away"
        )
    return True


def _initdb(folder: Path, account: Account) -> None:
    with account.start(
        [program("initdb"), *INITDB, "--pgdata", account.path_of(folder)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            _, said = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        text = said.decode(errors="replace")
        full = "No space left" in text
        raise EmbeddedError(
            f"DATA_DIR: no room on the disk of {folder.parent}; a new database needs 50 MB"
            if full
            else f"DATA_DIR: PostgreSQL can't make its data in {folder.parent}: {reason(text)}"
        )


def reason(log: str) -> str:
    """Return the last error in the log of PostgreSQL, without its position in the source."""
    found = re.findall(r"(?:FATAL|PANIC|error|ERROR):\s*(.+)", log)
    return str(found[-1]) if found else "it was ended from outside"
