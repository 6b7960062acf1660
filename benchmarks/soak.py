"""Ten minutes of mixed load, while PostgreSQL is restarted each minute.

It fails if an acknowledged write is lost, if there was another error than 503, or if the memory of
the server at the end is more than 5 % above its level after the first minute.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.database import Cluster, cluster
from benchmarks.errors import BenchmarkError
from benchmarks.guest import Guest, Member, Reader
from benchmarks.progress import say
from benchmarks.server import Server, running
from benchmarks.sides import NESTMAP

MEMBERS = 12
READERS = 4
GROWTH = 1.05
WEIGHED_SECONDS = 10  # the memory is measured as a median over this many seconds
RESTARTED_AT = 30  # of each minute
GOOD = {200, 201, 204, 404}


def main() -> int:
    """Return the exit code: 0, 1 if a limit was exceeded, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="how long (default: 10)")
    minutes = parser.parse_args().minutes
    try:
        with tempfile.TemporaryDirectory(prefix="nestmap-soak-") as name:
            folder = Path(name)
            with cluster(folder) as postgresql:
                postgresql.create("soak")
                with running(NESTMAP, postgresql.url("soak"), folder) as server:
                    return _soak(postgresql, server, minutes)
    except BenchmarkError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything that was started has been stopped.", file=sys.stderr)
        return 130


def _soak(postgresql: Cluster, server: Server, minutes: int) -> int:
    members = [Member(server.port, number) for number in range(MEMBERS)]
    readers = [Reader(server.port) for _ in range(READERS)]
    # All at once: each thread that hashes passwords keeps 19 MiB from its first hash on, which is no growth.
    with ThreadPoolExecutor(MEMBERS) as at_once:
        list(at_once.map(Member.register, members))
    guests: list[Guest] = [*members, *readers]
    levels = _under_load(guests, postgresql, server, minutes)
    lost = [loss for member in members for loss in (*member.lost, *member.missing())]
    return _report(_statuses(guests), levels, lost)


def _under_load(
    guests: Sequence[Guest], postgresql: Cluster, server: Server, minutes: int
) -> list[float]:
    """Run the guests for `minutes`; return the memory of the server after each minute."""
    over = threading.Event()
    threads = [threading.Thread(target=guest.stay, args=(over,), daemon=True) for guest in guests]
    for thread in threads:
        thread.start()
    try:
        return [_minute(number, guests, postgresql, server) for number in range(1, minutes + 1)]
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def _minute(number: int, guests: Sequence[Guest], postgresql: Cluster, server: Server) -> float:
    began = time.monotonic()
    time.sleep(RESTARTED_AT)
    postgresql.restart()
    time.sleep(max(0.0, began + 60 - WEIGHED_SECONDS - time.monotonic()))
    weighed = []
    while time.monotonic() < began + 60:
        weighed.append(server.memory())
        time.sleep(0.5)
    level = statistics.median(weighed)
    told = ", ".join(f"{count:,} x {status}" for status, count in _statuses(guests).most_common())
    say(f"minute {number}: {level:.1f} MB; {told}")
    return level


def _statuses(guests: Sequence[Guest]) -> Counter[str]:
    return sum((guest.statuses for guest in guests), Counter())


def _report(statuses: Counter[str], levels: Sequence[float], lost: Sequence[str]) -> int:
    growth = levels[-1] / levels[0]
    wrong = {
        status: count
        for status, count in statuses.items()
        if status != "503" and not (status.isdecimal() and int(status) in GOOD)
    }
    print(f"Memory after the first minute: {levels[0]:.1f} MB")
    print(f"Memory at the end:             {levels[-1]:.1f} MB ({100 * (growth - 1):+.1f} %)")
    for status, count in sorted(statuses.items()):
        print(f"Answers {status}: {count:,}")
    print(f"Lost writes: {len(lost)}")
    for loss in lost[:10]:
        print(f"  {loss}")
    broken = [
        *(["a write was lost"] if lost else []),
        *([f"errors other than 503: {wrong}"] if wrong else []),
        *(["memory grew by more than 5 %"] if growth > GROWTH else []),
    ]
    for what in broken:
        print(f"BROKEN: {what}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
