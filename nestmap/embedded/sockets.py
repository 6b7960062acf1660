"""The folder of the server's Unix socket, which only the server's account and root may enter."""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from nestmap.embedded.account import Account
from nestmap.embedded.errors import EmbeddedError

# The longest path of a Unix socket on all systems (104 bytes on macOS, 108 on Linux, with a last 0).
LONGEST = 103
PREFIX = "nestmap-"


def socket_folder(data: Path, account: Account) -> Path:
    """Return the data folder or, if its path is unsuitable for a socket, a new folder."""
    path = os.fsencode(data / ".s.PGSQL.5432")
    # A comma in the host of a connection string separates two hosts.
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
    """Make a socket folder again that was deleted while the site was running."""
    if folder != data and not folder.exists():
        folder.mkdir(0o700)
        account.own(folder)


def remove(folder: Path, data: Path) -> None:
    """Remove the folder that socket_folder made."""
    if folder != data and folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def setting(folder: Path) -> str:
    """Return the folder, quoted for unix_socket_directories."""
    return '"' + str(folder).replace('"', '""') + '"'


def url(folder: Path) -> str:
    """Return the connection string for the socket in this folder."""
    return f"postgresql://postgres@/postgres?host={quote(str(folder), safe='/')}"
