"""The folder of the server's Unix socket, which only the server's account and root may enter."""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from nestmap.embedded.account import Account
from nestmap.embedded.errors import EmbeddedError

# The shortest bound on the path of a Unix socket (macOS has 104 bytes, Linux 108, with the last 0).
LONGEST = 103
PREFIX = "nestmap-"


def socket_folder(data: Path, account: Account) -> Path:
    """Return the data folder itself or, where its path can't be one of a socket, a new one."""
    path = os.fsencode(data / ".s.PGSQL.5432")
    # In the host of a connection string, a comma separates two hosts.
    if len(path) <= LONGEST and b"," not in path:
        return data
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 (mkdtemp: mode 700)
        if len(os.fsencode(parent)) <= LONGEST - 40 and account.reaches(Path(parent)):
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            account.own(folder)
            return folder
    raise EmbeddedError(
        f"DATA_DIR: {data} is too long for the path of a socket, and no temporary folder can be"
        " used; set DATA_DIR to a shorter path"
    )


def make_again(folder: Path, data: Path, account: Account) -> None:
    """Make a socket folder again that someone tidied away under the running site."""
    if folder != data and not folder.exists():
        folder.mkdir(0o700)
        account.own(folder)


def remove(folder: Path, data: Path) -> None:
    """Remove what socket_folder made."""
    if folder != data and folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def setting(folder: Path) -> str:
    """Return the folder as unix_socket_directories wants it, whatever characters it has."""
    return '"' + str(folder).replace('"', '""') + '"'


def url(folder: Path) -> str:
    """Return the connection string that leads through this folder."""
    return f"postgresql://postgres@/postgres?host={quote(str(folder), safe='/')}"
