"""The sides of the comparison: the command and the environment of each."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tools import EXPRESS
from benchmarks.wrk import WORKS, Work

_ROOT = Path(__file__).parents[1]

SECRET = "the same on both sides and worth nothing anywhere else"  # noqa: S105 (of the comparison)


@dataclass(frozen=True)
class Side:
    name: str
    command: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    ready: str
    """The path that answers 200 as soon as sessions can be used."""
    works: tuple[Work, ...] = WORKS

    @property
    def has_sessions(self) -> bool:
        return "reads" in self.works

    def environment(self, url: str, port: int, processes: int, folder: Path) -> dict[str, str]:
        """Return the whole environment of the server, without settings of the caller."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        told = {
            "DATABASE_URL": url,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PROCESSES": str(processes),
            "DATA_DIR": str(folder),
            "SESSION_SECRET": SECRET,
        }
        return kept | dict(self.settings) | told


NESTMAP = Side(
    name="NestMap",
    command=(sys.executable, str(_ROOT / "run.py")),
    settings=(
        ("NESTMAP_ENV", "development"),
        ("LOG_LEVEL", "warning"),
        ("SESSION_TTL_SECONDS", "43200"),
        ("SESSION_TOUCH_SECONDS", "60"),
        # All sessions of the comparison come from one address.
        ("NEW_SESSIONS_PER_MINUTE", "1000000"),
    ),
    ready="/readyz",
)

EXPRESS_SIDE = Side(
    name="Express",
    command=("node", str(EXPRESS / "server.js")),
    settings=(("NODE_ENV", "production"),),
    ready="/livez",
)

# A minimal handler, on the server of this project and on Tornado's own.
BARE, BARE_TORNADO = (
    Side(
        name=name,
        command=(sys.executable, "-m", "benchmarks.bare", server),
        settings=(("PYTHONPATH", str(_ROOT)),),
        ready="/livez",
        works=("livez",),
    )
    for name, server in (("Bare handler", "nestmap"), ("Bare, Tornado's server", "tornado"))
)

WITH_SESSIONS = (NESTMAP, EXPRESS_SIDE)
SIDES = (*WITH_SESSIONS, BARE, BARE_TORNADO)
