"""A side that is ready to be measured: a new database with sessions, and their cookies."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.database import Cluster
from benchmarks.errors import BenchmarkError
from benchmarks.progress import say
from benchmarks.server import Server, running
from benchmarks.sides import Side
from benchmarks.visitors import check_places, grow, make_sessions
from benchmarks.wrk import Measure, Work, load

_LOOKED_AT = 50  # sessions whose place is checked after each run


@dataclass(frozen=True)
class Stand:
    side: Side
    cluster: Cluster
    database: str
    folder: Path
    cookies: tuple[str, ...]

    def serve(self, processes: int = 1) -> AbstractContextManager[Server]:
        url = self.cluster.url(self.database)
        return running(self.side, url, self.folder, processes)

    def load(self, server: Server, work: Work, seconds: int, connections: int = 64) -> Measure:
        """Run wrk once without a check."""
        of_server, of_database = server.cpu_seconds(), self.cluster.cpu_seconds()
        with _named(self.side, work):
            result = load(server.port, self._cookie_file, work, seconds, connections)
        return replace(
            result,
            server_cpu=(server.cpu_seconds() - of_server) / result.requests * 1e6,
            database_cpu=(self.cluster.cpu_seconds() - of_database) / result.requests * 1e6,
        )

    def measure(self, server: Server, work: Work, seconds: int, connections: int = 64) -> Measure:
        """Run wrk once, then check that the sessions exist and have what was written last."""
        result = self.load(server, work, seconds, connections)
        # wrk uses the cookies from the first on, so these sessions were written.
        reached = work == "writes" and result.requests > _LOOKED_AT + connections
        with _named(self.side, f"after {work}"):
            check_places(server.port, self.cookies[:_LOOKED_AT], result.mark if reached else "")
        return result

    def enlarge(self, size: int) -> int:
        """Enlarge every session to about `size` bytes; return the exact size."""
        with self.serve() as server, _named(self.side, "larger sessions"):
            grow(server.port, self.cookies[0], size)
        return self.cluster.copy_largest(self.database)

    @property
    def _cookie_file(self) -> Path:
        return self.folder / "cookies"


@contextmanager
def prepared(
    side: Side, cluster: Cluster, database: str, folder: Path, sessions: int
) -> Iterator[tuple[Stand, Server]]:
    """Make a stand on a new database; the server that made its sessions is still running.

    A side that only has /livez gets no sessions, and wrk gets an invalid cookie.
    """
    sessions = sessions if side.has_sessions else 0
    say(f"{side.name}: {sessions:,} sessions in a new database")
    place = folder / database
    place.mkdir()
    cluster.create(database)
    with running(side, cluster.url(database), place) as server:
        with _named(side, "its sessions"):
            cookies = tuple(make_sessions(server.port, sessions))
            check_places(server.port, cookies)
        stand = Stand(side, cluster, database, place, cookies)
        (place / "cookies").write_text(
            "\n".join(cookies or ["no=session"]) + "\n", encoding="ascii"
        )
        yield stand, server


@contextmanager
def _named(side: Side, what: str) -> Iterator[None]:
    """Add the side and the work to a BenchmarkError."""
    try:
        yield
    except BenchmarkError as error:
        raise BenchmarkError(f"{side.name}, {what}: {error}") from error
