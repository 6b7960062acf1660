"""The machine and the versions of a comparison: the line under its title."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import tornado

from benchmarks.tools import EXPRESS


def describe(postgresql: str) -> str:
    """Return date (UTC), processor and versions as one sentence; `postgresql` is the server's version."""
    node = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, timeout=10, check=True
    ).stdout.strip()
    with_express = ", ".join(
        f"{name} {version}" for name, version in sorted(_express_versions().items())
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {_processor()}, "
        f"{platform.system()}. Python {platform.python_version()}, Tornado {tornado.version}; "
        f"Node {node.removeprefix('v')}, {with_express}; PostgreSQL {postgresql}."
    )


def _express_versions() -> dict[str, str]:
    package = json.loads((EXPRESS / "package.json").read_text(encoding="utf-8"))
    versions: dict[str, str] = package["dependencies"]
    return versions


def _processor() -> str:
    """Return the model name of the processor: from the kernel on Linux, else from Python."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
