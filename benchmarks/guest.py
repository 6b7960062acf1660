"""The clients of a soak: each sends one request after the other and records what was acknowledged."""

import http.client
import json
import random
import threading
from collections import Counter
from typing import Any

_COOKIE = "nestmap.sid="
_PASSWORD = "correct horse battery staple"  # noqa: S105 (of accounts that live for ten minutes)
_PLACES = 30
_RECONNECT = 0.02  # the part of the requests that use a new connection


class Guest:
    """One browser. `statuses` counts its responses by status, or by the error if there was none."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookie = ""
        self.statuses: Counter[str] = Counter()

    def stay(self, over: threading.Event) -> None:
        """Send one request after the other until `over` is set."""
        while not over.is_set():
            if random.random() < _RECONNECT:
                self._connection.close()
            self.do_something()

    def do_something(self) -> None:
        raise NotImplementedError

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Return the status and the body of the response; the status is 0 if there was none."""
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, body and json.dumps(body), headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.statuses[type(error).__name__] += 1
            return 0, b""
        self.statuses[str(response.status)] += 1
        self._take(response.headers.get_all("Set-Cookie", []))
        return response.status, content

    def _take(self, cookies: list[str]) -> None:
        for cookie in cookies:
            if cookie.startswith(_COOKIE):
                value = cookie.partition(";")[0]
                self._cookie = "" if value in {_COOKIE, _COOKIE + '""'} else value


class Reader(Guest):
    """Requests pages without a cookie, which need no database."""

    def do_something(self) -> None:
        """Request a page; a 503 would be an error here."""
        status, _ = self.ask("GET", random.choice(("/", "/login", "/livez", "/api/places")))
        if status == 503:
            self.statuses["503 without a session"] += 1


class Member(Guest):
    """Stores places, lists them, and signs in again at times.

    It keeps the possible names of each place: those that may have been stored since the last response.
    """

    def __init__(self, port: int, number: int) -> None:
        super().__init__(port)
        self._account = {"email": f"member-{number}@example.org", "password": _PASSWORD}
        self._may_be: dict[str, set[str | None]] = {}
        self._count = 0
        self.lost: list[str] = []

    def register(self) -> None:
        self.ask("POST", "/api/auth/register", self._account)

    def do_something(self) -> None:
        """Mostly list places, often store one, sometimes remove one, rarely sign in again."""
        what = random.random()
        place = f"p{random.randrange(_PLACES)}"
        if what < 0.5:
            self._look()
        elif what < 0.9:
            self._pin(place)
        elif what < 0.998:
            self._remove(place)
        else:
            self.ask("POST", "/api/auth/login", self._account)

    def missing(self) -> list[str]:
        """Return what was acknowledged and is missing, after a last check."""
        before = len(self.lost)
        self._look()
        _, content = self.ask("GET", "/api/auth/session")
        signed_out = [] if b'"authenticated":true' in content else ["a member was signed out"]
        return self.lost[before:] + signed_out

    def _pin(self, place: str) -> None:
        self._count += 1
        name = f"number {self._count}"
        status, _ = self.ask("PUT", f"/api/places/{place}", {"name": name})
        self._expect(place, name, known=status in {200, 201})

    def _remove(self, place: str) -> None:
        status, _ = self.ask("DELETE", f"/api/places/{place}")
        self._expect(place, None, known=status in {204, 404})

    def _expect(self, place: str, name: str | None, *, known: bool) -> None:
        before = set() if known else self._may_be.get(place, {None})
        self._may_be[place] = before | {name}

    def _look(self) -> None:
        status, content = self.ask("GET", "/api/places")
        if status != 200:
            return
        found = {place["id"]: place["name"] for place in json.loads(content)["places"]}
        for place, names in self._may_be.items():
            if found.get(place) not in names:
                self.lost.append(f"{place} is {found.get(place)!r} and not one of {names}")
                self._may_be[place] = {found.get(place)}
