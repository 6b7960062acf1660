"""The session cookie: its name, its header and its signature.

Its attributes Path, Domain, SameSite and Secure, and the lifetimes of a session, are options
(nestmap/sessions/options.py).

The signature is Tornado's signed value, version 2: older versions raise an AssertionError for invalid
cookies if there are several keys, and version 1 logs the raw cookie.
"""

import hashlib
import math
import re
import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache

from tornado.web import create_signed_value, decode_signed_value

# A browser sends one or two cookies of our name. Of more, only values that look signed are tried: a
# sibling site that plants many must not push the good one out. 16 KiB of headers have room for this
# many of them; a check costs 8 us.
FEW = 4
MOST_TRIED = 128
REMEMBERED = 4096
LONGEST = 512


def key_version(secret: str) -> int:
    """Return the number of a key, which is derived from the secret."""
    digest = hashlib.sha256(b"nestmap cookie key version\0" + secret.encode()).digest()
    return int.from_bytes(digest[:4], "big")


class SessionCookie:
    """Reads and writes the cookie that names a session.

    The first of ``secrets`` signs, all are accepted. A signature is valid for as long as its secret: the
    row decides if the session is live, and each session may have lifetimes of its own. ``scope`` are the
    attributes that control to which requests browsers add the cookie.
    """

    def __init__(
        self,
        name: str,
        secrets: Sequence[str],
        *,
        secure: bool,
        scope: str,
    ) -> None:
        self.name = name
        self.secure = secure
        self._looks_signed = re.compile(
            rf"2\|[^|]*\|[^|]*\|{len(name)}:{re.escape(name)}\|[^|]*\|[0-9a-f]{{64}}"
        )
        self._keys: dict[int, str] = {key_version(s): s for s in reversed(secrets)}
        self._signing = key_version(secrets[0])
        # A browser sends the same cookie again and again, and is sent it again and again. A
        # signature costs 8 us, a look-up 0.1 us.
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)
        self._signed = lru_cache(maxsize=REMEMBERED)(self._sign)
        self._attributes = f"; HttpOnly; {scope}" + ("; Secure" if secure else "")

    def sids(self, headers: Iterable[str]) -> list[str]:
        """Return the sids of all valid cookies with our name, in the order of the Cookie headers.

        All are tried: a browser may send a planted cookie with the same name first or last.
        """
        found = [self._verified(value) for value in self._values(headers)]
        return list(dict.fromkeys(sid for sid in found if sid))

    def set(self, sid: str, max_age: float) -> str:
        """Return a Set-Cookie header value that names ``sid`` for ``max_age`` seconds."""
        expires = _http_date(int(time.time() + max_age))
        return (
            f'{self.name}="{self._signed(sid)}"; expires={expires}; Max-Age={round(max_age)}'
            f"{self._attributes}"
        )

    def clear(self) -> str:
        """Return a Set-Cookie header value that makes the browser forget the cookie."""
        return f'{self.name}=""; expires={_http_date(0)}; Max-Age=0{self._attributes}'

    def _sign(self, sid: str) -> str:
        return create_signed_value(
            self._keys, self.name, sid, version=2, key_version=self._signing
        ).decode()

    def _verify(self, value: str) -> str | None:
        sid = decode_signed_value(
            self._keys, self.name, value, max_age_days=math.inf, min_version=2
        )
        # A sid that PostgreSQL can't store was never one of ours.
        return sid.decode() if sid and sid.isascii() and b"\0" not in sid else None

    def _values(self, headers: Iterable[str]) -> list[str]:
        # Tornado's own parse_cookie keeps only the last of several cookies with one name.
        pairs = [pair.partition("=") for header in headers for pair in header.split(";")]
        # Only space and tab: browsers accept names that begin with another blank, and trimming those
        # would let a sibling site forge the prefix __Host-.
        ours = [value.strip(' \t"') for name, _, value in pairs if name.strip(" \t") == self.name]
        few = [value for value in ours if len(value) <= LONGEST]
        if len(few) <= FEW:
            return few
        return [value for value in few if self._looks_signed.fullmatch(value)][:MOST_TRIED]


@lru_cache(maxsize=64)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
