"""A client that can send arbitrary bytes."""

import http.client
import socket
import threading
import time
from contextlib import closing, suppress
from typing import Self


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Return a whole request; Content-Length is right unless the arguments say otherwise."""
    if body:
        headers = {"Content-Length": str(len(body))} | headers
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class RawClient:
    """One connection, closed when the block ends."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_slowly(self, data: bytes, seconds: float) -> None:
        """Send the data in ten parts within about this time."""
        size = -(-len(data) // 10)
        for at in range(0, len(data), size):
            time.sleep(seconds / 10)
            self.send(data[at : at + size])

    def receive_slowly(self, seconds: float) -> bytes:
        """Receive until the site closes the connection, for about this time slowly."""
        received = b""
        for _ in range(10):
            time.sleep(seconds / 10)
            received += self._socket.recv(4096)
        while data := self._socket.recv(65536):
            received += data
        return received

    def send_until_refused(self, data: bytes, *, most: int) -> None:
        """Send the data repeatedly until the site stops reading; fail if it never stops."""
        with suppress(ConnectionError):
            for _ in range(most):
                self.send(data)
            raise AssertionError("the site never stops reading")

    def trickle(self, data: bytes, then: bytes, seconds: float = 0.1) -> None:
        """Send `data`, then `then` repeatedly, until the site closes the connection."""
        self.send(data)

        def work() -> None:
            with suppress(OSError):
                while True:
                    time.sleep(seconds)
                    self.send(then)

        threading.Thread(target=work, daemon=True).start()

    def answer(self) -> int:
        """Wait for a response and return its status."""
        with closing(http.client.HTTPResponse(self._socket)) as response:
            response.begin()
            response.read()
            return response.status

    def answer_or_end(self) -> int | None:
        """Return the status like `answer()`, or None if the connection ended without a response."""
        try:
            return self.answer()
        except (OSError, http.client.HTTPException):
            return None

    def wait_for_end(self, seconds: float) -> float:
        """Wait until the site closes the connection; return its age in seconds."""
        self._socket.settimeout(seconds)
        with suppress(ConnectionError):
            while self._socket.recv(65536):
                pass
        return time.monotonic() - self._since
