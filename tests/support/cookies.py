"""The cookies of one visitor, stored as a browser stores them."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class SetCookie:
    """One Set-Cookie header, with its attributes in lower case."""

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, header: str) -> "SetCookie":
        pair, *attributes = header.split(";")
        name, _, value = pair.strip().partition("=")
        split = (attribute.strip().partition("=") for attribute in attributes)
        return cls(name, value, {key.lower(): value for key, _, value in split})

    @property
    def secure(self) -> bool:
        return "secure" in self.attributes

    @property
    def clears(self) -> bool:
        """True if this header makes a browser delete the cookie."""
        if "max-age" in self.attributes:
            return int(self.attributes["max-age"]) <= 0
        if "expires" in self.attributes:
            return parsedate_to_datetime(self.attributes["expires"]) <= datetime.now(UTC)
        return False


class Jar:
    """Cookies by name; safe to use from several threads."""

    def __init__(self) -> None:
        self._cookies: dict[str, SetCookie] = {}
        self._lock = threading.Lock()

    def take(self, cookie: SetCookie, *, https: bool) -> None:
        if cookie.secure and not https:
            return
        with self._lock:
            if cookie.clears:
                self._cookies.pop(cookie.name, None)
            else:
                self._cookies[cookie.name] = cookie

    def header(self, *, https: bool) -> str:
        with self._lock:
            sent = [cookie for cookie in self._cookies.values() if https or not cookie.secure]
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in sent)

    def get(self, name: str) -> str | None:
        cookie = self._cookies.get(name)
        return cookie and cookie.value

    def put(self, name: str, value: str) -> None:
        with self._lock:
            self._cookies[name] = SetCookie(name, value)

    def clear(self) -> None:
        with self._lock:
            self._cookies.clear()

    def __len__(self) -> int:
        return len(self._cookies)
