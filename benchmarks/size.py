"""Measures each page of /admin on a table of millions of sessions.

Requests for /api/places run meanwhile. The table is kept in the given folder for the next run.
"""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.database import Cluster, cluster
from benchmarks.errors import BenchmarkError
from benchmarks.guest import Guest
from benchmarks.millions import MILLION, made
from benchmarks.progress import say
from benchmarks.server import running
from benchmarks.sides import NESTMAP

DATABASE = "size"
ROUNDS = 7
EMAIL, PASSWORD = "ada@example.org", "correct horse battery staple"
_MIDDLE = """
SELECT (extract(epoch FROM authenticated_at) * 1000000)::bigint || '_' || id, id, host(ip), user_id
  FROM session TABLESAMPLE system (1)
 WHERE authenticated_at < now() - interval '3 hours' AND expire > now() AT TIME ZONE 'utc'
 LIMIT 60
"""


class Administrator(Guest):
    """A browser that measures response times."""

    def timed(self, method: str, path: str, expected: int) -> float:
        """Return the milliseconds of one request; BenchmarkError if its status differs from ``expected``."""
        began = time.perf_counter()
        status, content = self.ask(method, path)
        spent = (time.perf_counter() - began) * 1000
        if status != expected:
            raise BenchmarkError(f"{method} {path}: {status} {content[:200]!r}")
        return spent


def main() -> int:
    """Return the exit code: 0, or 1 if a page took longer than a second or failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--sessions", type=float, default=1, help="in millions (default: 1)")
    parser.add_argument("--folder", type=Path, help="where the database stays")
    arguments = parser.parse_args()
    try:
        with folder_for(arguments.folder) as folder, cluster(folder / "data") as postgresql:
            return _measure(postgresql, folder, int(arguments.sessions * MILLION))
    except BenchmarkError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


@contextmanager
def folder_for(given: Path | None) -> Iterator[Path]:
    """Give the folder of a run: the given one, or one that is removed afterwards."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="nestmap-size-") as name:
        yield Path(name)


def _measure(postgresql: Cluster, folder: Path, sessions: int) -> int:
    made(postgresql, folder, DATABASE, sessions)
    with running(NESTMAP, postgresql.url(DATABASE), folder) as server:
        admin = Administrator(server.port)
        account = {"email": EMAIL, "password": PASSWORD}
        admin.ask("POST", "/api/auth/register", account)
        postgresql.execute(
            DATABASE, "UPDATE nestmap.users SET role = 'admin' WHERE email = %s", EMAIL
        )
        admin.ask("POST", "/api/auth/login", account)
        with _visitor(server.port) as waits:
            worst = _pages(admin, postgresql)
            say("waiting for a sample to be taken meanwhile")
            time.sleep(75)
        worst = max(worst, *waits)
        stats = json.loads(admin.ask("GET", "/api/admin/session-stats")[1])
    _row("/api/places, meanwhile", waits)
    print(f"\n{stats['total']:,} sessions, {stats['store']['table_bytes'] / 1e6:,.0f} MB;", end=" ")
    print(f"the slowest answer took {worst:.0f} ms")
    return 0 if worst < 1000 else 1


def _pages(admin: Administrator, postgresql: Cluster) -> float:
    """Measure each page and print a row for it; return the slowest time."""
    middle = postgresql.all(DATABASE, _MIDDLE)
    while admin.ask("GET", "/api/admin/session-stats")[0] == 503:
        say("waiting for the first sample")
        time.sleep(2)
    cursor, public_id, address, user_id = middle[0]
    paths = {
        "the dashboard": "/admin",
        "a page in the middle": "/admin?" + urlencode({"cursor": cursor}),
        "search: address of a person": "/admin?q=person-77",
        "search: domain": "/admin?q=%40example-7.org",
        "search: IP address": "/admin?" + urlencode({"q": address}),
        "search: network": "/admin?q=10.0.0.0%2F8",
        "search: session": "/admin?" + urlencode({"q": public_id}),
        "one user": f"/admin/users/{user_id}",
        "store and cookie": "/admin/store",
        "events": "/admin/events",
        "a month of history": "/api/admin/history?span=month",
        "figures": "/api/admin/session-stats",
        "users: domain": "/api/admin/users?q=%40example-7.org",
        "sessions as JSON": f"/api/admin/sessions?user={user_id}",
    }
    print("| | median | slowest |\n| --- | ---: | ---: |")
    spent = [
        _row(name, [admin.timed("GET", path, 200) for _ in range(ROUNDS)])
        for name, path in paths.items()
    ]
    ended = [
        admin.timed("DELETE", f"/api/admin/sessions/{row[1]}", 204)
        for row in middle[1 : ROUNDS + 1]
    ]
    return max(*spent, _row("ending a session", ended))


def _row(name: str, milliseconds: list[float]) -> float:
    """Print one row of the table, and return the slowest time."""
    slowest = max(milliseconds)
    print(f"| {name} | {statistics.median(milliseconds):.0f} ms | {slowest:.0f} ms |", flush=True)
    return slowest


@contextmanager
def _visitor(port: int) -> Iterator[list[float]]:
    """Let a visitor request places continuously; yields the milliseconds."""
    over, waits = threading.Event(), [0.0]
    visitor = Administrator(port)
    visitor.ask("PUT", "/api/places/lisbon", {"name": "Lisbon"})

    def stay() -> None:
        while not over.is_set():
            waits.append(visitor.timed("GET", "/api/places", 200))
            time.sleep(0.02)

    thread = threading.Thread(target=stay, daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join(30)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except http.client.HTTPException as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(1)
