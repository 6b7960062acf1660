"""Many visitors who use the site while a block runs, and the responses that they got."""

import http.client
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Self

from tests.support.machine import MACHINE
from tests.support.visitor import Answer, Visitor
from tests.support.waiting import wait_until

PAGES = ("/", "/login", "/api/places", "/api/auth/session")
PAUSE = 0.02


@dataclass(frozen=True)
class Exchange:
    """One request and its response; times are seconds of one monotonic clock."""

    request: str
    began: float
    ended: float
    answer: Answer | None  # None: no response
    error: Exception | None = None

    @property
    def status(self) -> int | None:
        return self.answer and self.answer.status

    @property
    def good(self) -> bool:
        return self.status in {200, 201, 204}

    @property
    def is_promised_503(self) -> bool:
        """True for a 503 as it is promised: in time, with Retry-After, without Set-Cookie."""
        return (
            self.answer is not None
            and self.status == 503
            and int(self.answer.headers["Retry-After"]) > 0
            and self.answer.cookies == []
            and MACHINE.in_time(self.began, self.ended, 5)
        )

    def __repr__(self) -> str:
        what = self.error or self.status
        return f"{self.request}: {what!r} after {self.ended - self.began:.2f} s"


class Crowd:
    """Members who pin and list places, visitors without a cookie, and a load balancer.

    `accounts=False`: the places are in their sessions, not in accounts.
    `with crowd:` each of them sends one request after the other until the block ends.
    """

    def __init__(
        self, *urls: str, members: int = 4, visitors: int = 1, accounts: bool = True
    ) -> None:
        self.accounts = accounts
        self.members = [Visitor(*urls) for _ in range(members)]
        self._visitors = [Visitor(*urls) for _ in range(visitors)]
        self._urls = urls
        self.of_members: list[Exchange] = []
        self.of_visitors: list[Exchange] = []
        self.of_livez: list[Exchange] = []
        self.of_readyz: list[Exchange] = []
        self.acknowledged: dict[Visitor, list[str]] = defaultdict(list)
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        for member in self.members:
            begun = member.register() if accounts else member.put_place("first")
            assert begun.status == 201
        self._sessions = [member.session()["session"]["id"] for member in self.members]

    def __enter__(self) -> Self:
        MACHINE.watch()
        self._over.clear()
        balancer = Visitor(*self._urls)
        work: list[Callable[[], None]] = [
            *(lambda member=member: self._pin_and_list(member) for member in self.members),
            *(lambda visitor=visitor: self._read_pages(visitor) for visitor in self._visitors),
            lambda: self._repeat(balancer, "/livez", self.of_livez),
            lambda: self._repeat(balancer, "/readyz", self.of_readyz),
        ]
        self._threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive(), "a request has no response yet"

    def run_through(self, fault: AbstractContextManager[object], seconds: float) -> None:
        """Ask before the fault, during `seconds` of it, and until all is good again."""
        with self:
            self.go_on(0.3)
            with fault:
                self.go_on(seconds)
            back = time.monotonic()
            wait_until(lambda: self._is_good_since(back), "a good answer again", seconds=30)
            self.go_on(1.3)

    def _is_good_since(self, moment: float) -> bool:
        return any(exchange.good for exchange in self.of_members[:] if exchange.began > moment)

    def go_on(self, seconds: float) -> None:
        """Let them send requests for `seconds`."""
        time.sleep(seconds)

    def assert_nothing_lost(self) -> None:
        """Check that everyone is signed in to the same session and has all acknowledged places."""
        for member, session in zip(self.members, self._sessions, strict=True):
            now = member.session()
            assert now["authenticated"] == self.accounts
            assert now["session"]["id"] == session
            lost = set(self.acknowledged[member]) - set(member.place_ids())
            assert not lost, f"acknowledged and lost: {sorted(lost)}"

    def _pin_and_list(self, member: Visitor) -> None:
        for turn in self._turns():
            place = f"p{turn}"
            put = self._ask(member, "PUT", f"/api/places/{place}", self.of_members)
            if put.status == 201:
                self.acknowledged[member].append(place)
            self._ask(member, "GET", "/api/places", self.of_members)

    def readiness(self) -> int:
        """Return the current status of /readyz."""
        return self._visitors[0].get("/readyz").status

    def _read_pages(self, visitor: Visitor) -> None:
        for turn in self._turns():
            self._ask(visitor, "GET", PAGES[turn % len(PAGES)], self.of_visitors)

    def _repeat(self, visitor: Visitor, path: str, exchanges: list[Exchange]) -> None:
        for _ in self._turns():
            self._ask(visitor, "GET", path, exchanges)

    def _turns(self) -> Iterator[int]:
        turn = 0
        while not self._over.wait(PAUSE):
            yield turn
            turn += 1

    def _ask(self, visitor: Visitor, method: str, path: str, exchanges: list[Exchange]) -> Exchange:
        at = len(exchanges) % len(self._urls)
        json = {"name": "A place"} if method == "PUT" else None
        answer = failure = None
        began = time.monotonic()
        try:
            answer = visitor.request(method, path, json=json, at=at)
        except (OSError, http.client.HTTPException) as error:
            failure = error
        exchange = Exchange(f"{method} {path}", began, time.monotonic(), answer, failure)
        exchanges.append(exchange)
        return exchange
