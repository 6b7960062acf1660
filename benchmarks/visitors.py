"""Clients that make the sessions over HTTP and check that their places are stored."""

import http.client
import json
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.errors import BenchmarkError

_COOKIE = "nestmap.sid="
_NOTE = "A note that fills the session. " * 16  # 496 characters
_FIRST_BYTES = 220  # a session's cookie settings and its first place, as stored
_PLACE_BYTES = 56  # a place called Sintra without its note, as stored
_MAKE_SECONDS = 120.0


class Visitor:
    """One keep-alive connection to a server on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def close(self) -> None:
        self._connection.close()

    def put(self, place: str, name: str, note: str, cookie: str | None = None) -> str:
        """Store a place; return the session cookie as `name=value`, the given one if none was set."""
        body = json.dumps({"name": name, "note": note})
        response = self._ask("PUT", f"/api/places/{place}", cookie, body)
        for line in response.headers.get_all("Set-Cookie", []):
            if line.startswith(_COOKIE):
                return line.partition(";")[0]
        if cookie is None:
            raise BenchmarkError("A new visitor's place was accepted without a session cookie.")
        return cookie

    def places(self, cookie: str) -> list[dict[str, Any]]:
        response = self._ask("GET", "/api/places", cookie)
        places: list[dict[str, Any]] = json.loads(response.content)["places"]
        return places

    def _ask(
        self, method: str, path: str, cookie: str | None, body: str | None = None
    ) -> "_Answer":
        headers = {"Content-Type": "application/json"} if body else {}
        if cookie:
            headers["Cookie"] = cookie
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            answer = _Answer(response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise BenchmarkError(f"{method} {path} got no answer: {error!r}") from error
        if response.status not in {200, 201}:
            text = answer.content[:200].decode(errors="replace")
            raise BenchmarkError(f"{method} {path} was answered {response.status}: {text}")
        return answer


class _Answer:
    def __init__(self, headers: http.client.HTTPMessage, content: bytes) -> None:
        self.headers = headers
        self.content = content


def make_sessions(port: int, count: int) -> list[str]:
    """Return the cookies of `count` new visitors with one place `x` each; BenchmarkError after 2 min."""
    deadline = time.monotonic() + _MAKE_SECONDS
    visitor = Visitor(port)
    cookies: list[str] = []
    try:
        while len(cookies) < count:
            cookies.append(visitor.put("x", "Lisbon", f"visitor {len(cookies)}"))
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{len(cookies)} sessions took {_MAKE_SECONDS:.0f} s.")
    finally:
        visitor.close()
    return cookies


def grow(port: int, cookie: str, size: int) -> None:
    """Add places to a session that has only `x` until its stored size is about `size` bytes."""
    visitor = Visitor(port)
    missing = size - _FIRST_BYTES
    number = 0
    try:
        while missing > _PLACE_BYTES:
            note = _NOTE[: missing - _PLACE_BYTES]
            cookie = visitor.put(f"filler-{number:03d}", "Sintra", note, cookie)
            missing -= _PLACE_BYTES + len(note)
            number += 1
    finally:
        visitor.close()


def check_places(port: int, cookies: Sequence[str], mark: str = "") -> None:
    """Raise BenchmarkError unless each session has place `x` with a note that starts with `mark`.

    A response without the place would be 200 too, so a load test alone would not detect it.
    """
    visitor = Visitor(port)
    try:
        for cookie in cookies:
            notes = [place["note"] for place in visitor.places(cookie) if place["id"] == "x"]
            if not notes or not notes[0].startswith(mark):
                raise BenchmarkError(f"A session lost its place: the note {mark!r}* is {notes}.")
    finally:
        visitor.close()
