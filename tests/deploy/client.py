"""Clients of the site behind nginx, over https."""

import json
import threading
from typing import Any, Self

from tests.deploy.front import Front
from tests.support.visitor import PASSWORD, Answer, new_email


class Client:
    """A visitor over https that keeps the session cookie."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self.cookie = ""

    def ask(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        body = json.dumps(value).encode() if value is not None else None
        if value is not None:
            headers["Content_Type"] = "application/json"
        if self.cookie:
            headers["Cookie"] = self.cookie
        answer = self._front.ask(method, path, body, **headers)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            if cookie.startswith("__Host-nestmap.sid="):
                assert "Secure" in cookie
                self.cookie = cookie.split(";")[0]
        return answer

    def register(self) -> str:
        email = new_email()
        made = self.ask("POST", "/api/auth/register", {"email": email, "password": PASSWORD})
        assert made.status == 201, made.text
        return email


class Load:
    """Clients that pin and list places, one request after the other, until the block ends."""

    def __init__(self, front: Front, count: int) -> None:
        self._clients = [Client(front) for _ in range(count)]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(c,)) for c in self._clients]
        self.pinned: dict[Client, list[str]] = {client: [] for client in self._clients}
        self.bad: list[str] = []

    def __enter__(self) -> Self:
        for client in self._clients:
            client.register()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a request has no response yet"

    @property
    def count(self) -> int:
        """The number of places that are pinned."""
        return sum(map(len, self.pinned.values()))

    def _visit(self, client: Client) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            try:
                put = client.ask("PUT", f"/api/places/r{turn}", {"name": "Oslo"})
                got = client.ask("GET", "/api/auth/session")
            except OSError as error:
                self.bad.append(repr(error))
                continue
            if (put.status, got.status) == (201, 200) and got.json["authenticated"]:
                self.pinned[client].append(f"r{turn}")
            else:
                self.bad.append(f"{put.status} {got.status} {got.text}")
