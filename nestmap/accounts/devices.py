"""The device cookie: the accounts that were signed in to from this browser before.

It does not sign in. It only gives the device its own bucket in the throttle, so that guessing on
other devices does not delay the owner. It is bound to the account and to the version of its
credentials: a change of the password invalidates it.
"""

import re
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate

from tornado.web import create_signed_value, decode_signed_value

from nestmap.sessions.cookie import key_version

DAYS = 400  # the longest lifetime of a cookie in browsers
MOST = 4  # accounts of one device; the least recently used is dropped
ENTRY = re.compile(r"(\d{1,19})\.(\d{1,19})\.([0-9a-f]{16})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Device:
    """One account that this device has signed in to, and the id of the device for this account."""

    user_id: int
    version: int
    id: str


class DeviceCookie:
    """Reads and writes the cookie. ``secrets``: the first one signs, all are accepted."""

    def __init__(self, session_cookie: str, keys: Sequence[str], *, secure: bool) -> None:
        prefix = "__Host-" if session_cookie.startswith("__Host-") else ""
        self.name = f"{prefix}nestmap.device"
        self._keys = {key_version(key): key for key in reversed(keys)}
        self._signing = key_version(keys[0])
        self._attributes = "; HttpOnly; Path=/; SameSite=Strict" + ("; Secure" if secure else "")

    def read(self, headers: Iterable[str]) -> tuple[Device, ...]:
        """Return the devices in the Cookie headers; empty if no cookie is valid."""
        for header in headers:
            for pair in header.split(";"):
                name, _, value = pair.partition("=")
                if name.strip(" \t") == self.name and (found := self._verify(value)):
                    return found
        return ()

    def find(self, devices: Iterable[Device], user_id: int, version: int) -> str | None:
        """Return the id of this device for an account, or None."""
        return next((d.id for d in devices if (d.user_id, d.version) == (user_id, version)), None)

    def set(self, devices: Iterable[Device], user_id: int, version: int) -> str:
        """Return the Set-Cookie header after a sign-in: this account first, then the others."""
        known = self.find(devices, user_id, version) or secrets.token_hex(8)
        kept = [device for device in devices if device.user_id != user_id]
        entries = [Device(user_id, version, known), *kept][:MOST]
        text = "|".join(f"{d.user_id}.{d.version}.{d.id}" for d in entries)
        value = create_signed_value(
            self._keys, self.name, text, version=2, key_version=self._signing
        ).decode()
        seconds = DAYS * 86400
        expires = formatdate(time.time() + seconds, usegmt=True)
        return f'{self.name}="{value}"; expires={expires}; Max-Age={seconds}{self._attributes}'

    def _verify(self, value: str) -> tuple[Device, ...]:
        text = decode_signed_value(
            self._keys, self.name, value.strip(' \t"'), max_age_days=DAYS + 1, min_version=2
        )
        entries = (
            ENTRY.fullmatch(part) for part in (text or b"").decode("ascii", "replace").split("|")
        )
        return tuple(Device(int(m[1]), int(m[2]), m[3]) for m in entries if m)[:MOST]
