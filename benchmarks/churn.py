"""What PostgreSQL needs for as many writes as one process makes, on a table of millions of sessions.

Some of the sessions are in use: each is written again and again over HTTP, often enough that some of
the writes renew it and others don't. They are sessions of visitors, whose places are in the session.
Nothing is pruned meanwhile. Prints a row for each minute. The table is kept in the given folder for
the next run, also of benchmarks.size.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from benchmarks.database import Cluster, cluster
from benchmarks.errors import BenchmarkError
from benchmarks.millions import MILLION, made
from benchmarks.progress import say
from benchmarks.server import Server, running
from benchmarks.sides import NESTMAP, SECRET
from benchmarks.size import DATABASE, folder_for
from benchmarks.wrk import load
from nestmap.sessions.cookie import SessionCookie

DAY = 86400

# A quarter of the sessions has expired: pruning them would be most of the work of PostgreSQL.
_UNPRUNED = replace(NESTMAP, settings=(*NESTMAP.settings, ("SESSION_PRUNE_SECONDS", "0")))

_LIVE = """
SELECT sid FROM session
 WHERE expire > (now() AT TIME ZONE 'utc') + interval '2 hours'
   AND user_id IS NULL
 ORDER BY random()
 LIMIT {}
"""
_COUNTERS = """
SELECT pg_current_wal_lsn() - '0/0', n_tup_upd, n_tup_hot_upd, n_dead_tup, autovacuum_count,
       pg_table_size(relid), pg_indexes_size(relid)
  FROM pg_stat_user_tables WHERE relname = 'session' AND schemaname = 'public'
"""
_INDEXES = """
SELECT indexrelname, pg_relation_size(indexrelid)
  FROM pg_stat_user_indexes WHERE relname = 'session' AND schemaname = 'public'
 ORDER BY indexrelname
"""
_HEAD = """
| minute | writes a second | WAL a write | CPU of PostgreSQL a write | HOT | dead rows | vacuums | table | indexes |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


@dataclass(frozen=True)
class _Counters:
    wal: int  # bytes
    updated: int
    hot: int
    dead: int
    vacuums: int
    table: int  # bytes
    indexes: int  # bytes


def main() -> int:
    """Return the exit code: 0, or 1 if a response was an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.churn", description=__doc__)
    parser.add_argument("--sessions", type=float, default=1, help="in millions (default: 1)")
    parser.add_argument("--in-use", type=int, default=100_000, help="sessions (default: 100,000)")
    parser.add_argument("--minutes", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--folder", type=Path, help="where the database stays")
    example = "a setting of PostgreSQL for this run, for example wal_compression=on"
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=example)
    arguments = parser.parse_args()
    try:
        with folder_for(arguments.folder) as folder, cluster(folder / "data") as postgresql:
            made(postgresql, folder, DATABASE, int(arguments.sessions * MILLION))
            _write_cookies(postgresql, folder / "cookies", arguments.in_use)
            with (
                _settings(postgresql, arguments.set),
                running(_UNPRUNED, postgresql.url(DATABASE), folder) as server,
            ):
                _measure(postgresql, server, folder / "cookies", arguments.minutes)
    except BenchmarkError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _settings(postgresql: Cluster, settings: list[str]) -> Iterator[None]:
    """Let PostgreSQL have settings like ``wal_compression=on`` for a block."""
    change = sql.SQL("ALTER SYSTEM SET {} = {}")
    try:
        for setting in settings:
            name, _, value = setting.partition("=")
            _set(postgresql, change.format(sql.Identifier(name), sql.Literal(value)))
        postgresql.execute(DATABASE, "SELECT pg_reload_conf()")
        yield
    finally:
        postgresql.execute(DATABASE, "ALTER SYSTEM RESET ALL")


def _set(postgresql: Cluster, change: sql.Composable) -> None:
    try:
        postgresql.execute(DATABASE, change)
    except psycopg2.Error as error:
        raise BenchmarkError(f"PostgreSQL refuses a setting: {error}") from None


def _write_cookies(postgresql: Cluster, path: Path, count: int) -> None:
    """Write a cookie for each session that will be in use."""
    cookie = SessionCookie("nestmap.sid", [SECRET], secure=False, scope="Path=/")
    rows = postgresql.all(DATABASE, _LIVE.format(count))
    lines = [cookie.set(sid, DAY).partition(";")[0] for (sid,) in rows]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    say(f"{len(lines):,} sessions are in use")


def _measure(postgresql: Cluster, server: Server, cookies: Path, minutes: int) -> None:
    before = _indexes(postgresql)
    print(_HEAD)
    for minute in range(1, minutes + 1):
        _minute(minute, postgresql, server, cookies)
    print("\n| index | before | after |\n| --- | ---: | ---: |")
    for name, size in _indexes(postgresql).items():
        print(f"| {name} | {_megabytes(before[name])} | {_megabytes(size)} |")


def _minute(number: int, postgresql: Cluster, server: Server, cookies: Path) -> None:
    """Write for a minute, and print its row."""
    earlier, cpu = _counters(postgresql), postgresql.cpu_seconds()
    done = load(server.port, cookies, "writes", 60)
    later, cpu = _counters(postgresql), postgresql.cpu_seconds() - cpu
    updated = max(later.updated - earlier.updated, 1)
    cells = (
        f"{number}",
        f"{done.rate:,.0f}",
        f"{(later.wal - earlier.wal) / done.requests:,.0f} bytes",
        f"{1e6 * cpu / done.requests:.0f} us",
        f"{100 * (later.hot - earlier.hot) / updated:.0f} %",
        f"{later.dead:,}",
        f"{later.vacuums - earlier.vacuums}",
        _megabytes(later.table),
        _megabytes(later.indexes),
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def _counters(postgresql: Cluster) -> _Counters:
    (row,) = postgresql.all(DATABASE, _COUNTERS)
    return _Counters(*map(int, row))


def _indexes(postgresql: Cluster) -> dict[str, int]:
    rows: list[tuple[Any, ...]] = postgresql.all(DATABASE, _INDEXES)
    return dict(rows)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
