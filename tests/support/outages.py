"""Ways to lose the database for a while, and checks of the responses meanwhile.

An outage is a block: the database is away while it runs. `going`, `gone`, `coming` and `back` are
the times when it began to go, was gone, began to come back, and accepted connections again.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg2

from tests.support.cluster import Cluster
from tests.support.crowd import Crowd, Exchange
from tests.support.database import Database
from tests.support.machine import MACHINE
from tests.support.relay import Relay
from tests.support.standby import Standby
from tests.support.waiting import wait_until

# How often a site checks its database for /readyz (seconds).
LOOK = 1.0


@dataclass
class Outage:
    """Makes outages for the tests of one file: of the server, or of the relay in front of it."""

    cluster: Cluster
    database: Database
    relay: Relay
    going: float = 0.0
    gone: float = 0.0
    coming: float = 0.0
    back: float = 0.0

    def stopped(self) -> AbstractContextManager[None]:
        return self._away(self.cluster.stop, self.cluster.start)

    def killed(self) -> AbstractContextManager[None]:
        return self._away(self.cluster.crash, self.cluster.start)

    @contextmanager
    def every_backend_terminated(self) -> Iterator[None]:
        """Terminate all backends repeatedly, so that no connection lives long."""
        over = threading.Event()

        def terminate() -> None:
            while not over.wait(0.005):
                self.cluster.terminate_backends(self.database)

        def stop() -> None:
            over.set()
            thread.join()

        thread = threading.Thread(target=terminate)
        with self._away(thread.start, stop):
            yield

    @contextmanager
    def connections_used_up(self) -> Iterator[None]:
        """Let other clients take every connection of the server, also those of the site."""
        others: list[psycopg2.extensions.connection] = []

        def leave() -> None:
            for other in others:
                other.close()

        with self._away(lambda: _occupy(self.cluster.database("postgres").url, others), leave):
            yield

    def wire_frozen(self) -> AbstractContextManager[None]:
        """Let no packet through, and lose none."""
        return self._away(self.relay.freeze, self.relay.thaw)

    def wire_swallowing(self) -> AbstractContextManager[None]:
        """Lose all packets without closing connections; the connections of before stay dead."""
        return self._away(lambda: self.relay.swallow(new_too=True), self.relay.swallow_no_more)

    @contextmanager
    def wire_swallowing_once(self) -> Iterator[None]:
        """Lose all packets of the existing connections; new connections work."""
        with self._away(self.relay.swallow, lambda: None):
            pass
        yield

    def wire_reset(self) -> AbstractContextManager[None]:
        return self._away(self.relay.refuse, self.relay.accept)

    def failed_over(self, go: Callable[[], None], to: Standby) -> AbstractContextManager[None]:
        """End the primary with `go`, and let the standby take its place."""
        return self._away(go, to.promote)

    def while_away(
        self, go: Callable[[], None], come: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Call `go` at the beginning and `come` at the end."""
        return self._away(go, come)

    @contextmanager
    def while_held(self, lock: AbstractContextManager[None]) -> Iterator[None]:
        """Hold a lock that the site needs."""
        with ExitStack() as held, self._away(lambda: held.enter_context(lock), held.close):
            yield

    @contextmanager
    def _away(self, go: Callable[[], object], come: Callable[[], object]) -> Iterator[None]:
        self.going = time.monotonic()
        go()
        self.gone = time.monotonic()
        yield
        self.coming = time.monotonic()
        come()
        self.back = time.monotonic()
        self.database.close()

    def assert_promises_kept(self, crowd: Crowd, within: float = 1.0) -> None:
        """Check the promises about an outage: only good responses and 503s, over `within` seconds."""
        bad = [exchange for exchange in crowd.of_members if not exchange.good]
        self._none(
            "not a 503 as promised", [exchange for exchange in bad if not exchange.is_promised_503]
        )
        self._none(
            "before the outage", [exchange for exchange in bad if exchange.ended < self.going]
        )
        again = self.good_again(crowd)
        within *= MACHINE.slowdown(self.back, self.back + again)
        assert again < within, f"the first good response came {again:.2f} s after the return: {bad}"
        late = [exchange for exchange in bad if exchange.began > self.back + within]
        self._none("after the outage", late)
        for exchanges in (crowd.of_visitors, crowd.of_livez):
            self._none(
                "needs no database", [exchange for exchange in exchanges if not exchange.good]
            )
        crowd.assert_nothing_lost()

    def assert_readiness_followed(self, crowd: Crowd) -> None:
        # /readyz gives the result of the last check: it may be 200 for a while, but not again.
        exchanges = [a for a in crowd.of_readyz if self.gone < a.began and a.ended < self.coming]
        since = list(itertools.dropwhile(lambda exchange: exchange.status != 503, exchanges))
        assert since, crowd.of_readyz
        self._none("answered as ready", [exchange for exchange in since if exchange.status != 503])
        wait_until(lambda: crowd.readiness() == 200, "the site to say that it is ready again")

    def _none(self, what: str, found: list[Exchange]) -> None:
        since = [f"{exchange} (sent {exchange.began - self.gone:+.2f} s)" for exchange in found]
        assert not found, f"{what}, away for {self.back - self.gone:.2f} s: {since}"

    def good_again(self, crowd: Crowd) -> float:
        """Return the seconds from the return of the database to the first good response.

        A request that was sent later counts from its beginning: until then its sender may have waited
        for the 503 of a change whose outcome is unknown, which comes when its time is over.
        """
        return min(
            (
                exchange.ended - max(self.back, exchange.began)
                for exchange in crowd.of_members
                if exchange.good and exchange.ended > self.back
            ),
            default=float("inf"),
        )


def _occupy(url: str, others: list[psycopg2.extensions.connection]) -> None:
    """Take every connection until the site has none."""
    first = psycopg2.connect(url)
    first.autocommit = True
    others.append(first)
    deadline = time.monotonic() + 10
    while _drive_out(first):
        assert time.monotonic() < deadline, "the site keeps its connections"
        with suppress(psycopg2.OperationalError):
            while True:
                others.append(psycopg2.connect(url))


def _drive_out(watch: psycopg2.extensions.connection) -> int:
    """Terminate the connections of the site and return how many there were."""
    with watch.cursor() as cursor:
        # A connection that is being made has no application name and no state yet.
        cursor.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where backend_type = 'client backend'"
            " and (application_name = 'nestmap' or state is null or state = 'starting')"
        )
        return cursor.fetchone()[0]
