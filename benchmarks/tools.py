"""The programs that a comparison needs besides Python, and the installation of Express."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.progress import say

EXPRESS = Path(__file__).parent / "express"

_NEEDED = {
    "node": "runs Express; version 20 or newer, from nodejs.org or your system's packages",
    "npm": "installs Express; it usually comes with node",
    "wrk": "makes the load; Debian, Ubuntu: apt install wrk, macOS: brew install wrk",
}
_INSTALL_SECONDS = 300


def require() -> None:
    """Raise BenchmarkError if programs are missing; it names each with its purpose."""
    missing = [f"  {name}: {why}" for name, why in _NEEDED.items() if not shutil.which(name)]
    if missing:
        head = "The comparison needs programs that were not found:"
        raise BenchmarkError("\n".join([head, *missing]))


def install_express() -> None:
    """Install Express with npm as in package-lock.json, unless it is installed already."""
    lock = EXPRESS / "package-lock.json"
    installed = EXPRESS / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    say("installing Express with npm")
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command,
            cwd=EXPRESS,
            timeout=_INSTALL_SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"npm did not finish within {_INSTALL_SECONDS} s.") from None
    if done.returncode != 0:
        raise BenchmarkError(f"npm could not install Express:\n{done.stderr.strip()}")
