"""A relay between the site and PostgreSQL that can delay, hold, lose and cut."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tests.support.statements import Statements
from tests.support.waiting import wait_until

# Statements that change a session or a place of an account, as opposed to loads.
WRITE = re.compile(
    rb'\bnestmap\.("session_(insert|update|copy|rotate|settle|touch|end|end_in_time)"|put_place)\('
    rb"|\bdelete from nestmap\.places\b",
    re.IGNORECASE,
)
UPDATE, COPY, ROTATE = (
    re.compile(rb'nestmap\."session_%s"\(' % name) for name in (b"update", b"copy", b"rotate")
)
BEGIN = re.compile(rb'nestmap\."session_(copy|insert)"\(')
LOAD = re.compile(rb"\s+as user_row\s+from|execute load_sessions", re.IGNORECASE)


class Relay:
    """Listens on a port of 127.0.0.1 and passes on data in both directions.

    `statements` has the text of every statement that was sent; `accepted` is the number of
    accepted connections, including those that were refused at once.
    """

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.statements: list[str] = []
        self.seconds = 0.0
        self.accepted = 0
        self.refusing = False
        self.swallowing = False
        self.held = re.compile(rb"(?!)")
        self.cut = re.compile(rb"(?!)")
        self.after_cut = re.compile(rb"(?!)")
        self.late = re.compile(rb"(?!)")
        self.hold_once = False
        self.holding = 0
        self.carried_out = 0
        self.flowing = threading.Event()
        self.flowing.set()
        self.released = threading.Event()
        self.answers_released = threading.Event()
        self._lines: list[_Line] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def delay(self, seconds: float) -> None:
        """Delay every answer of the database by `seconds` from now on."""
        self.seconds = seconds

    def freeze(self) -> None:
        """Hold all data until `thaw()`."""
        self.flowing.clear()

    def thaw(self) -> None:
        self.flowing.set()

    def swallow(self, *, new_too: bool = False) -> None:
        """Lose all data on the existing connections without closing them."""
        self.swallowing = new_too
        for line in self._lines:
            line.swallowing = True

    def swallow_no_more(self) -> None:
        """Let new connections work; the dead ones stay dead."""
        self.swallowing = False

    def reset(self) -> None:
        """Cut every connection with a TCP reset; new ones are accepted."""
        for line in self._lines:
            line.reset()

    def reset_clients(self) -> None:
        """Cut the connections to clients; data that they have sent still reaches the server."""
        for line in self._lines:
            line.reset_client()

    def refuse(self) -> None:
        """Cut every connection and accept no new one until `accept()`."""
        self.refusing = True
        self.reset()

    def accept(self) -> None:
        self.refusing = False

    def hold(self, pattern: re.Pattern[bytes] = WRITE, *, once: bool = False) -> None:
        """Keep statements that match, or the next one, from reaching the server until `release()`."""
        self.hold_once = once
        self.holding = self.carried_out = 0
        self.released.clear()
        self.held = pattern

    def hold_answer(self, pattern: re.Pattern[bytes] = WRITE) -> None:
        """Let statements that match run, but hold their answers until `release()`."""
        self.holding = 0
        self.answers_released.clear()
        self.late = pattern

    def wait_for_held(self, count: int = 1) -> None:
        """Wait until `count` statements or answers are held."""
        wait_until(lambda: self.holding >= count, f"{count} statements held")

    def release_and_wait(self) -> None:
        """Let what is held go to the server, and wait until the server has answered all of it."""
        self.release()
        wait_until(lambda: self.carried_out >= self.holding, "the server to answer")

    def release(self) -> None:
        self.held = re.compile(rb"(?!)")
        self.released.set()
        self.release_answer()

    def release_answer(self) -> None:
        """Send the answers that are held, and hold no more."""
        self.late = re.compile(rb"(?!)")
        self.answers_released.set()

    def cut_after_next(
        self, pattern: re.Pattern[bytes] = WRITE, *, hold_repeat: bool = False
    ) -> None:
        """Let the next statement that matches run, and reset the connection instead of answering.

        `hold_repeat`: also hold the repeated statement until `release()`.
        """
        self.holding = 0
        self.released.clear()
        self.after_cut = pattern if hold_repeat else re.compile(rb"(?!)")
        self.cut = pattern

    def heal(self) -> None:
        """Work normally again; connections that lost data stay dead."""
        self.seconds = 0.0
        self.refusing = False
        self.swallowing = False
        self.cut = re.compile(rb"(?!)")
        self.release()
        self.thaw()

    def close(self) -> None:
        self.heal()
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                if self.refusing:
                    _reset(client)
                    continue
                try:
                    server = socket.create_connection(self._upstream)
                except OSError:
                    _reset(client)
                    continue
                self._lines = [line for line in self._lines if line.open]
                self._lines.append(_Line(self, client, server))


class _Line:
    """One connection through the relay, with a thread for each direction."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self.open = True
        self.swallowing = relay.swallowing
        self._relay = relay
        self._client = client
        self._server = server
        self._cutting = False
        self._late = False
        self._answered = threading.Event()
        for pump in (self._to_server, self._to_client):
            threading.Thread(target=self._run, args=(pump,), daemon=True).start()

    def reset(self) -> None:
        self.open = False
        _reset(self._client)
        _reset(self._server)

    def reset_client(self) -> None:
        _reset(self._client)

    def _run(self, pump: Callable[[], None]) -> None:
        with suppress(OSError):
            pump()
        if not self.open:  # after a reset: an orderly close would be sent before it
            return
        self.open = False
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _to_server(self) -> None:
        relay, statements = self._relay, Statements()
        while data := self._client.recv(65536):
            relay.flowing.wait()
            if self.swallowing:
                continue
            held = relay.held.search(data)
            if held:
                relay.holding += 1
                if relay.hold_once:
                    relay.held = re.compile(rb"(?!)")
                relay.released.wait()
                self._answered.clear()
            if relay.cut.search(data):
                relay.cut = re.compile(rb"(?!)")
                self._cutting = True
            if relay.late.search(data):
                self._late = True
            relay.statements += statements.feed(data)
            self._server.sendall(data)
            if held and self._answered.wait(10):
                # Not before: the client may have gone, and the server is to answer all the same.
                relay.carried_out += 1

    def _to_client(self) -> None:
        while data := self._server.recv(65536):
            self._relay.flowing.wait()
            if self.swallowing:
                continue
            if _ends_a_statement(data):
                self._answered.set()
            if self._cutting and _ends_a_statement(data):
                self._relay.held = self._relay.after_cut
                self.reset()
                return
            if self._late:
                self._relay.holding += 1
                self._relay.answers_released.wait()
                self._late = False
            if self._relay.seconds:
                time.sleep(self._relay.seconds)
            self._client.sendall(data)


def _ends_a_statement(data: bytes) -> bool:
    """Return True if this ends an answer: ReadyForQuery outside a transaction."""
    return data.endswith(b"Z\0\0\0\5I")


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
    end.close()
