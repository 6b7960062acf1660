"""The throttle: counts attempts in PostgreSQL before a password is hashed.

A bucket counts failures. From the fifth on (accounts) it delays the next attempt by 5, 10, 20 ...
seconds and 15 minutes at most; it never locks. An attempt is counted in the first of these that
applies:

- the device, if it has the cookie of an earlier sign-in to this account;
- the account in this network, if it signed in to this account within 90 days;
- else the account and, across accounts, the network (an IPv6 client: its /64 and its /48).

So the owner can sign in during a flood of guesses from other networks. Keys are HMACs; an address
without an account has buckets too.
"""

import asyncio
import hashlib
import hmac
import logging
import math
from dataclasses import dataclass
from typing import Any

import orjson

from nestmap.accounts.errors import TooManyAttempts
from nestmap.accounts.networks import networks_of
from nestmap.database import Database, DatabaseError
from nestmap.queries import queries

SQL = queries("site/throttle")

log = logging.getLogger("nestmap.accounts")

PRUNE_INTERVAL = 300.0  # seconds
PRUNE_BATCH = 1000
MOST_COUNTERS = 1_000_000  # rows; above this, counters without a delay are removed early

DAY = 86400.0
# The bucket of an account allows 23 guesses at once and 75 more in a day: fewer than 100 in any 24
# hours. Delays alone would allow 105.
GUESSES_AT_ONCE = 23
GUESSES_A_DAY = 75
# A failure is forgotten after this long (seconds): five wrong passwords are forgotten in a day.
FORGET_AFTER = DAY / 5
# A /48 has many households behind it.
WIDE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleLimits:
    """The failures before the first delay, and the registrations an hour from one network."""

    account_failures: int
    network_failures: int
    registrations_per_hour: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """A counted attempt; it is uncounted if it succeeds or is not checked."""

    buckets: str


class Throttle:
    """Counts attempts. All methods may raise DatabaseError."""

    def __init__(self, database: Database, secret: str, limits: ThrottleLimits) -> None:
        self._database = database
        self._key = hashlib.sha256(b"nestmap throttle\0" + secret.encode()).digest()
        self._limits = limits

    def network_key(self, ip: str | None) -> str:
        """Return the key of a network in the known networks of an account."""
        return self._digest("known", networks_of(ip)[0])

    def visitors_key(self, network: str) -> str:
        """Return the key of the counter of new sessions of a network."""
        return self._digest("visitors", network)

    async def attempt(
        self, account: str, ip: str | None, *, device: str | None, known_network: bool
    ) -> Reservation:
        """Count an attempt on an account. Raises TooManyAttempts if it must wait.

        ``account`` is its id, or the given address if there is no account; ``device`` is the id of
        a device that signed in to it before.
        """
        if device is not None:
            buckets = [self._account_bucket("device", account, device)]
        elif known_network:
            buckets = [self._account_bucket("near", account, networks_of(ip)[0])]
        else:
            buckets = [self._account_bucket("account", account), *self._network_buckets(ip)]
        return await self._reserve(buckets)

    async def registration(self, ip: str | None) -> None:
        """Count a registration from a network. Raises TooManyAttempts above the limit."""
        limits = self._limits
        await self._reserve(
            [
                self._bucket("registration", network, capacity=most, refill=most / 3600)
                for network, most in _each(networks_of(ip), limits.registrations_per_hour)
            ]
        )

    async def give_back(self, reservation: Reservation) -> None:
        """Uncount an attempt that succeeded or was not checked."""
        await self._database.all(SQL["return_attempt"], {"buckets": reservation.buckets})

    async def remember(self, user_id: int, ip: str | None) -> None:
        """Record that an account was signed in to from this network."""
        parameters = {"user_id": user_id, "network": self.network_key(ip)}
        await self._database.execute(SQL["remember_network"], parameters, idempotent=True)

    async def run(self) -> None:
        """Remove old counters every few minutes, until cancelled."""
        while True:
            await asyncio.sleep(PRUNE_INTERVAL)
            try:
                await self.prune()
            except DatabaseError as error:
                log.warning("the throttle was not pruned: %s", error)

    async def prune(self) -> int:
        """Remove empty counters and old networks."""
        count = 0
        for name, parameters in (
            ("prune_throttle", {}),
            ("prune_crowded_throttle", {"most": MOST_COUNTERS}),
            ("prune_known_networks", {}),
        ):
            while removed := await self._database.execute(
                SQL[name], {"batch": PRUNE_BATCH, **parameters}
            ):
                count += removed
        return count

    async def _reserve(self, buckets: list[dict[str, Any]]) -> Reservation:
        asked = orjson.dumps(buckets).decode()
        row = await self._database.one(SQL["reserve_attempt"], {"buckets": asked})
        assert row is not None, "a function always gives a row"
        if row[0] > 0:
            raise TooManyAttempts(math.ceil(row[0]))
        return Reservation(asked)

    def _account_bucket(self, *names: str) -> dict[str, Any]:
        return self._bucket(
            *names,
            free=self._limits.account_failures,
            forget=1 / FORGET_AFTER,
            capacity=GUESSES_AT_ONCE,
            refill=GUESSES_A_DAY / DAY,
        )

    def _network_buckets(self, ip: str | None) -> list[dict[str, Any]]:
        # Failures of a network are forgotten within an hour, since many users may share it.
        return [
            self._bucket("network", network, free=free, forget=free / 3600)
            for network, free in _each(networks_of(ip), self._limits.network_failures)
        ]

    def _bucket(
        self,
        *names: str,
        free: int = 10**9,
        forget: float = 0.0,
        capacity: float = 1e9,
        refill: float = 1e6,
    ) -> dict[str, Any]:
        return {
            "key": self._digest(*names),
            "free": free,
            "forget": forget,
            "capacity": capacity,
            "refill": refill,
        }

    def _digest(self, *names: str) -> str:
        text = "\0".join(names).encode("utf-8", "replace")
        return hmac.digest(self._key, text, "sha256")[:16].hex()


def _each(networks: tuple[str, ...], most: int) -> list[tuple[str, int]]:
    return [(network, most * (WIDE if wide else 1)) for wide, network in enumerate(networks)]
