"""The counters of attempts are bounded: old ones are removed."""

import asyncio

import pytest

from nestmap.accounts import Throttle, ThrottleLimits, TooManyAttempts, throttle
from nestmap.database import Database, Hosts

LIMITS = ThrottleLimits(account_failures=5, network_failures=1, registrations_per_hour=60)


@pytest.fixture
def pruned(database):
    """Return `pruned()`, which prunes and returns the number of removed rows."""

    async def prune() -> int:
        site = Database(Hosts(database.serving_url))
        try:
            return await Throttle(site, "a secret of the tests", LIMITS).prune()
        finally:
            await site.close()

    return lambda: asyncio.run(prune())


def count(database, key: str, *, failures: int, ago: str, wait: str = "0 s") -> None:
    database.execute(
        "insert into nestmap.throttle values"
        " (%s, %s, 1, now() - %s::interval, now() - %s::interval + %s::interval)",
        *(key.encode(), failures, ago, ago, wait),
    )


def keys(database) -> list[str]:
    rows = database.all("select key from nestmap.throttle order by key")
    return [bytes(row.key).decode() for row in rows]


def test_counters_without_an_attempt_for_two_days_are_removed(database, pruned):
    count(database, "old", failures=9, ago="49 hours")
    count(database, "young", failures=9, ago="47 hours")
    assert pruned() == 1
    assert keys(database) == ["young"]


def test_in_a_large_table_counters_without_a_delay_are_removed_early(database, pruned, monkeypatch):
    monkeypatch.setattr(throttle, "MOST_COUNTERS", 2)
    count(database, "quiet", failures=1, ago="11 minutes")
    count(database, "recent", failures=1, ago="1 minute")
    count(database, "counted", failures=5, ago="11 minutes")
    count(database, "waiting", failures=1, ago="11 minutes", wait="15 minutes")
    database.execute("analyze nestmap.throttle")
    assert pruned() == 1
    assert keys(database) == ["counted", "recent", "waiting"]


def test_old_known_networks_are_removed(database, pruned):
    user = database.value(
        "insert into nestmap.users (email, password_hash) values ('a@b.c', 'x') returning id"
    )
    for network, days in (("a", 91), ("b", 89)):
        database.execute(
            "insert into nestmap.known_networks values (%s, %s, now() - make_interval(days => %s))",
            *(user, network.encode(), days),
        )
    assert pruned() == 1
    assert database.value("select count(*) from nestmap.known_networks") == 1


def test_a_refused_attempt_stores_nothing(database):
    async def attempts() -> None:
        site = Database(Hosts(database.serving_url))
        try:
            counters = Throttle(site, "a secret of the tests", LIMITS)
            where = {"device": None, "known_network": False}
            await counters.attempt("address a", "192.0.2.1", **where)
            with pytest.raises(TooManyAttempts):
                await counters.attempt("address b", "192.0.2.1", **where)
        finally:
            await site.close()

    asyncio.run(attempts())
    assert len(keys_as_bytes(database)) == 2, "the network, and the first account"


def keys_as_bytes(database) -> list[bytes]:
    return [bytes(row.key) for row in database.all("select key from nestmap.throttle")]
