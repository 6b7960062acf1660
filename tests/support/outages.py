"""Ways to lose the database for a while, and what may be seen of it from outside.

An outage is a block: the database is away while it runs. `going`, `gone` and `back` are when it
began to go, when it was gone and when it would serve again whoever connects.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg2

from tests.support.cluster import Cluster
from tests.support.crowd import Asked, Crowd
from tests.support.database import Database
from tests.support.relay import Relay
from tests.support.standby import Standby


@dataclass
class Outage:
    """What the tests of one file break: the server, the wire to it."""

    cluster: Cluster
    database: Database
    relay: Relay
    going: float = 0.0
    gone: float = 0.0
    back: float = 0.0

    @contextmanager
    def stopped(self) -> Iterator[None]:
        with self._away(self.cluster.stop):
            yield
            self.cluster.start()

    @contextmanager
    def killed(self) -> Iterator[None]:
        with self._away(self.cluster.crash):
            yield
            self.cluster.start()

    @contextmanager
    def every_backend_terminated(self) -> Iterator[None]:
        """Again and again, so that no connection gets old."""
        over = threading.Event()

        def terminate() -> None:
            while not over.wait(0.005):
                self.cluster.terminate_backends(self.database)

        thread = threading.Thread(target=terminate)
        with self._away(thread.start):
            yield
            over.set()
            thread.join()

    @contextmanager
    def connections_used_up(self) -> Iterator[None]:
        """Others hold every connection that the server has, those of the site too."""
        others: list[psycopg2.extensions.connection] = []
        with self._away(lambda: _occupy(self.cluster.database("postgres").url, others)):
            yield
            for other in others:
                other.close()

    @contextmanager
    def wire_frozen(self) -> Iterator[None]:
        """Nothing passes, and nothing is lost."""
        with self._away(self.relay.freeze):
            yield
            self.relay.thaw()

    @contextmanager
    def wire_swallowing(self) -> Iterator[None]:
        """Everything is lost and no connection closes; those there were stay lost for good."""
        with self._away(lambda: self.relay.swallow(new_too=True)):
            yield
            self.relay.swallow_no_more()

    @contextmanager
    def wire_swallowing_once(self) -> Iterator[None]:
        """Every connection there is goes dead in silence; whoever connects anew is served."""
        with self._away(self.relay.swallow):
            pass
        yield

    @contextmanager
    def wire_reset(self) -> Iterator[None]:
        with self._away(self.relay.refuse):
            yield
            self.relay.accept()

    @contextmanager
    def failed_over(self, go: Callable[[], None], to: Standby) -> Iterator[None]:
        """The primary goes, one way or another, and the standby takes its place."""
        with self._away(go):
            yield
            to.promote()

    @contextmanager
    def while_away(self, go: Callable[[], None], come: Callable[[], None]) -> Iterator[None]:
        with self._away(go):
            yield
            come()

    @contextmanager
    def while_held(self, lock: AbstractContextManager[None]) -> Iterator[None]:
        """What is needed is there, and held by someone else."""
        with ExitStack() as held, self._away(lambda: held.enter_context(lock)):
            yield
            held.close()

    @contextmanager
    def _away(self, go: Callable[[], object]) -> Iterator[None]:
        self.going = time.monotonic()
        go()
        self.gone = time.monotonic()
        yield
        self.back = time.monotonic()
        self.database.close()

    def assert_borne(self, crowd: Crowd, within: float = 1.0) -> None:
        """An outage as it is promised: honest, local, and over `within` so many seconds."""
        bad = [asked for asked in crowd.of_members if not asked.good]
        self._none("not an honest 503", [asked for asked in bad if not asked.honest])
        self._none("before the outage", [asked for asked in bad if asked.ended < self.going])
        again = self.good_again(crowd)
        assert again < within, f"the first good answer came {again:.2f} s after the return: {bad}"
        late = [asked for asked in bad if asked.began > self.back + within]
        self._none("after the outage", late)
        for told in (crowd.of_strangers, crowd.of_livez):
            self._none("needs no database", [asked for asked in told if not asked.good])
        crowd.assert_all_as_before()

    def assert_seen_by_the_balancer(self, crowd: Crowd) -> None:
        during = [a for a in crowd.of_readyz if self.gone < a.began and a.ended < self.back]
        assert during, crowd.of_readyz
        assert {asked.status for asked in during} == {503}
        assert crowd.of_readyz[-1].status == 200

    def _none(self, what: str, found: list[Asked]) -> None:
        since = [f"{asked} (asked {asked.began - self.gone:+.2f} s)" for asked in found]
        assert not found, f"{what}, away for {self.back - self.gone:.2f} s: {since}"

    def good_again(self, crowd: Crowd) -> float:
        """Seconds from the return of the database to the first good answer."""
        first = min(
            (asked.ended for asked in crowd.of_members if asked.good and asked.ended > self.back),
            default=float("inf"),
        )
        return first - self.back


def _occupy(url: str, others: list[psycopg2.extensions.connection]) -> None:
    """Take every connection there is, until the site has none."""
    first = psycopg2.connect(url)
    first.autocommit = True
    others.append(first)
    deadline = time.monotonic() + 10
    while _drive_out(first):
        assert time.monotonic() < deadline, "the site can't be driven out"
        with suppress(psycopg2.OperationalError):
            while True:
                others.append(psycopg2.connect(url))


def _drive_out(watch: psycopg2.extensions.connection) -> int:
    """Terminate what the site has; how many of them there were."""
    with watch.cursor() as cursor:
        cursor.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where application_name = 'nestmap'"
        )
        return cursor.fetchone()[0]
