"""One run of wrk over the cookies of a file, and its result."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.errors import BenchmarkError

Work = Literal["reads", "writes", "livez"]
WORKS: tuple[Work, ...] = ("reads", "writes", "livez")

_SCRIPT = Path(__file__).parent / "walk.lua"
_GRACE_SECONDS = 30


@dataclass(frozen=True)
class Measure:
    """The result of one run: number of responses, rate per second, latencies in milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float
    mark: str
    """What the notes of this run's writes start with."""
    server_cpu: float = 0.0
    database_cpu: float = 0.0
    """Processor time of the server and of the database, in microseconds per request."""

    @property
    def cpu(self) -> float:
        """The CPU time of server and database together, in microseconds per request."""
        return self.server_cpu + self.database_cpu


def load(port: int, cookies: Path, work: Work, seconds: int, connections: int = 64) -> Measure:
    """Run wrk with `work` for `seconds`; BenchmarkError if a response was missing or not 2xx."""
    mark = f"{time.time_ns() // 1_000_000:x}"
    command = [
        *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"),
        *("-s", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", str(cookies), work, mark),
    ]
    limit = seconds + _GRACE_SECONDS
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"wrk did not end within {limit} s.") from None
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines or not lines[-1].startswith("{"):
        raise BenchmarkError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    return _measure(json.loads(lines[-1]), mark)


def _measure(said: dict[str, int], mark: str) -> Measure:
    wrong = {name: said[name] for name in ("refused", "broken", "late") if said[name]}
    if wrong or not said["requests"]:
        raise BenchmarkError(
            f"of {said['requests']} answers {said['refused']} were refused (4xx, 5xx), "
            f"{said['broken']} broken off and {said['late']} later than 10 s."
        )
    return Measure(
        requests=said["requests"],
        rate=said["requests"] / said["duration"] * 1e6,
        p50=said["p50"] / 1e3,
        p99=said["p99"] / 1e3,
        mark=mark,
    )
