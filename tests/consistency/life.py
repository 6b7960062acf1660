"""One session from its first place to its end, used by several clients at once, and its history."""

import http.client
import itertools
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.consistency.linearizable import Operation, impossible
from tests.support.visitor import Answer, Visitor

KEYS = ("a", "b")

# How long after its 503 a change may become visible: PostgreSQL runs a statement for up to 2.5 s
# after its row was locked in time. A client without a response may have sent it 4.4 s earlier.
AFTER_503 = 3.5
AFTER_NOTHING = 9.0

_names = itertools.count()


@dataclass
class Life:
    """The browser of one visitor: `visitor` has its cookies, which all clients use."""

    visitor: Visitor
    history: dict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rotating: int = 0
    signed_in: bool = False
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: str, at: int) -> None:
        name = f"v{next(_names)}"
        self._write(key, name, lambda one: one.put_place(key, name, at=at))

    def remove(self, key: str, at: int) -> None:
        self._write(key, None, lambda one: one.delete_place(key, at=at))

    def read(self, at: int) -> None:
        """Read all keys; a read while the sid was changing is ignored."""
        sid = self._stable_sid()
        began = time.monotonic()
        answer = _asked(lambda: self.visitor.twin().get("/api/places", at=at))
        ended = time.monotonic()
        if answer is None or answer.status != 200:
            return
        if sid is None or sid != self._stable_sid():
            return
        found = {place["id"]: place["name"] for place in answer.json["places"]}
        for key in KEYS:
            self._note(key, Operation("read", found.get(key), began, ended))

    def sign_in(self, at: int) -> None:
        """Sign in; the old cookie must never be signed in, and must be invalid after a 200."""
        with self.lock:
            self.rotating += 1
        self.signed_in = True
        before = self.visitor.twin()
        answer = _asked(lambda: self.visitor.sign_in(at=at))
        self.counts[f"sign-in {0 if answer is None else answer.status}"] += 1
        # The process was killed, perhaps after the old sid had ended: then no client has the new one.
        self.over = self.over or answer is None
        told = _asked(lambda: before.get("/api/auth/session", at=at))
        if told is not None and told.status == 200 and told.json["authenticated"]:
            self.faults.append("the sid that was known before a sign-in is signed in")
        if answer is not None and answer.status == 503 and answer.cookies:
            self.faults.append("a sign-in that failed set a cookie")
        with self.lock:
            self.rotating -= 1

    def sign_out(self, at: int) -> None:
        """Sign out; after the response, no client may see data of the session."""
        before = self.visitor.twin()
        self.over = True
        answer = _asked(lambda: self.visitor.sign_out(at=at))
        if answer is None or answer.status != 204:
            return
        for other in (0, 1):
            told = _asked(lambda other=other: before.get("/api/auth/session", at=other))
            if told is not None and told.status == 200 and told.json["authenticated"]:
                self.faults.append("a session that was ended is signed in")

    def check(self) -> list[str]:
        """Return the impossible observations, a line each."""
        found = list(self.faults)
        for key, operations in self.history.items():
            broken = impossible(operations)
            if broken is not None:
                near = [
                    f"    {one.began:.3f} {one.ended:.3f} {one.kind} {one.value} {one.unknown}"
                    for one in sorted(operations, key=lambda one: one.began)
                    if one.ended > broken.began - 3 and one.began < broken.ended + 1
                ]
                kind = "signed in" if self.signed_in else "visitor"
                found.append("\n".join([f"{kind}, {key}: no order explains {broken}", *near]))
        return found

    def _write(self, key: str, value: str | None, send: Callable[[Visitor], Answer]) -> None:
        # A copy of the browser: the renewed cookie of a late response must not replace a newer one.
        browser, sid = self.visitor.twin(), self._stable_sid()
        began = time.monotonic()
        answer = _asked(lambda: send(browser))
        ended = time.monotonic()
        status = 0 if answer is None else answer.status
        self.counts[f"write {status}"] += 1
        if status in (200, 201, 204):
            self._note(key, Operation("write", value, began, ended))
        elif status in (0, 401, 503):
            later = AFTER_503 if status else AFTER_NOTHING
            self._note(key, Operation("write", value, began, ended + later, unknown=True))
        elif status == 404 and sid is not None and sid == self._stable_sid():
            self._note(key, Operation("read", None, began, ended))
        elif status != 404:
            self.faults.append(f"a write was answered {status}")

    def _stable_sid(self) -> str | None:
        """Return the cookie, or None while it may change: an old one would read an empty session."""
        return None if self.rotating or self.over else self.visitor.cookie

    def _note(self, key: str, operation: Operation) -> None:
        with self.lock:
            self.history[key].append(operation)


def begin(urls: tuple[str, ...], *, member: bool) -> Life | None:
    """Return the life of a new visitor, with an account if ``member``."""
    visitor = Visitor(*urls)
    if member:
        account = visitor.twin()
        answer = _asked(account.register)
        if answer is None or answer.status != 201:
            return None
    life = Life(visitor)
    began = time.monotonic()
    answer = _asked(lambda: visitor.put_place(KEYS[0], "first"))
    if answer is None or answer.status != 201:
        return None
    life.history[KEYS[0]].append(Operation("write", "first", began, time.monotonic()))
    return life


def act(life: Life, chance: random.Random) -> None:
    """Do a random action."""
    at, key = chance.randrange(2), chance.choice(KEYS)
    kind = chance.random()
    if kind < 0.4:
        life.read(at)
    elif kind < 0.8:
        life.put(key, at)
    else:
        life.remove(key, at)


def _asked(request: Callable[[], Answer]) -> Answer | None:
    """Return the response, or None if the instance is down or was killed."""
    try:
        return request()
    except (OSError, http.client.HTTPException):
        return None
