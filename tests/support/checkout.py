"""A copy of the program in a new folder, as a `git clone` makes it."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.instance import ROOT, environment

PARTS = ("run.py", "nestmap", "handlers", "sql")


def copy_checkout(folder: Path) -> Path:
    """Copy the files of the site into `folder` and return it."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, folder / part)
    return folder


def run_py(
    checkout: Path, *arguments: str, python: str = sys.executable, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run `run.py` of this checkout from another folder until it exits.

    Its .env is used: no other variables are set than the given ones.
    """
    given = environment({"PYTHONPATH": "", "PORT": 0} | settings)
    return subprocess.run(
        [python, str(checkout / "run.py"), *arguments],
        cwd="/",
        env={name: value for name, value in given.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
