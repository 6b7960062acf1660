"""The user account that runs the embedded PostgreSQL."""

import logging
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nestmap.embedded import namespace
from nestmap.embedded.errors import EmbeddedError
from nestmap.embedded.programs import ENVIRONMENT, program

log = logging.getLogger("nestmap.embedded")

# PostgreSQL refuses to run as root. Root uses this account, which is made when it is needed.
NAME = "nestmap-postgres"

# The working folder of a process: Linux opens it without permissions on the folders above.
INSIDE = Path("/proc/self/cwd")

AS_ROOT = "PostgreSQL can't run as root: run the site as an ordinary user, or set DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Account:
    """A user who runs programs of PostgreSQL; without ``uid``, the user of this process."""

    uid: int | None = None
    gid: int | None = None
    # The account can't reach the data folder by its path, so its programs are started in the folder.
    inside: bool = False
    # Root with another user id, see nestmap.embedded.namespace.
    in_namespace: bool = False

    def path_of(self, data: Path) -> Path:
        """Return the path of the data folder for a program that is started in it."""
        return INSIDE if self.inside else data

    def start(self, command: list[str | Path], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program as subprocess.Popen does, with a minimal environment."""
        words = list(map(str, command))
        if self.in_namespace:
            words = [sys.executable, "-IS", namespace.__file__, str(_a_number()), *words]
        elif self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.Popen(words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, **options)

    def own(self, path: Path) -> None:
        """Change the owner of a file or folder of this process to the account."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid if self.gid is not None else -1)

    @contextmanager
    def effective(self) -> Iterator[None]:
        """Access files with the rights of this account in a block. Not for a process with threads."""
        if self.uid is None or self.gid is None:
            yield
            return
        groups = os.getgroups()
        os.setgroups([])
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)

    def reaches(self, *paths: Path) -> bool:
        """Return True if the account may enter each folder and run each program."""
        with self.effective():
            effective = os.access in os.supports_effective_ids
            return all(os.access(path, os.X_OK, effective_ids=effective) for path in paths)


def account_for(data: Path) -> Account:
    """Return the account for the data folder ``data``, whose parent exists.

    The owner of an existing folder runs it. For a new folder of root it is the account
    nestmap-postgres or, if that account can't reach the programs (in a closed home), root in a user
    namespace.
    """
    owner = data.stat().st_uid if data.exists() else os.geteuid()
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise EmbeddedError(
                f"DATA_DIR: {data} belongs to the user {_name(owner)};"
                f" run the site as that user, or set DATA_DIR to a folder of your own"
            )
        return Account()
    return _owner(owner, data) if owner else _for_root(data)


def _owner(uid: int, data: Path) -> Account:
    try:
        account = Account(uid, pwd.getpwuid(uid).pw_gid)
    except KeyError:
        raise EmbeddedError(
            f"DATA_DIR: {data} belongs to user {uid}, who has no name on this machine;"
            " set DATA_DIR to another folder, or set DATABASE_URL"
        ) from None
    if found := _as_it_can(account, data):
        return found
    raise EmbeddedError(
        f"DATA_DIR: {data} belongs to the user {_name(uid)}, who can't reach it or"
        f" {program('postgres')}; run the site as that user, or set DATABASE_URL"
    )


def _for_root(data: Path) -> Account:
    empty = not data.exists() or not any(data.iterdir())
    account = _of_our_own() if empty else None
    if account and (found := _as_it_can(account, data.parent)):
        return found
    if _namespaces_work():
        return Account(in_namespace=True)
    raise EmbeddedError(
        f"{AS_ROOT} (the account {NAME} could not be made, or can't reach"
        f" {program('postgres').parent})"
    )


def _as_it_can(account: Account, folder: Path) -> Account | None:
    """Return the account with its way to the folder, or None if it can't reach the programs."""
    if not account.reaches(program("postgres")):
        return None
    if account.reaches(folder):
        return account
    return replace(account, inside=True) if sys.platform == "linux" else None


def _of_our_own() -> Account | None:
    found = _find()
    if found is None:
        _make()
        found = _find()
    return found


def _find() -> Account | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _make() -> None:
    for command in (
        ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", NAME],  # BusyBox
    ):
        if shutil.which(command[0], path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"):
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode == 0:
                log.warning("made the account %s: PostgreSQL can't run as root", NAME)
                return


def _namespaces_work() -> bool:
    if sys.platform != "linux":
        return False
    true = shutil.which("true", path=os.defpath) or "/bin/true"
    tried = Account(in_namespace=True).start([true], stderr=subprocess.DEVNULL)
    return tried.wait() == 0


def _a_number() -> int:
    """Return the id of a user with a name on this machine, since initdb looks up the name."""
    return next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
