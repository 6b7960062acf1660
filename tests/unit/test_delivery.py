"""Repeats after errors of a sender, and the results of the items."""

import asyncio
import itertools

from nestmap.background import Background
from nestmap.database import DatabaseError, Locked, Refused, TimedOut, Unavailable
from nestmap.sessions.batch_rules import BatchRules
from nestmap.sessions.batcher import Batcher, BatchLimits
from nestmap.sessions.delivery import Late
from nestmap.timeouts import TIMEOUTS
from tests.support.awaiting import awaited

MERGED = BatchRules(lambda item: item[0], merges=True, repeats=True)
LIMITS = BatchLimits(timeout=30)
HASTY = BatchLimits(slow_after=0.01, timeout=0.03)


def batcher(sender, limits=LIMITS):
    return Batcher("try", sender, Background(), rules=MERGED, limits=limits)


async def outcomes(futures):
    return await asyncio.gather(*futures, return_exceptions=True)


class Lossy:
    """Fails a number of times, then answers; records the names of the units."""

    def __init__(self, *errors: DatabaseError) -> None:
        self.errors = list(errors)
        self.sent: list[list[str]] = []
        self._names = itertools.count()

    async def __call__(self, units):
        for unit in units:
            unit.name = unit.name or f"name-{next(self._names)}"
        self.sent.append([f"{unit.name}:{'+'.join(unit.items)}" for unit in units])
        if self.errors:
            raise self.errors.pop(0)
        return [unit.item.upper() for unit in units]


def lost(error: DatabaseError) -> DatabaseError:
    error.unknown = True
    return error


@awaited
async def test_what_may_have_been_carried_out_is_sent_again_as_it_was():
    sender = Lossy(lost(Unavailable("cut")), lost(TimedOut("no answer")), Unavailable("away"))
    tried = batcher(sender)
    assert await outcomes(map(tried.submit, ["a1", "a2"])) == ["A2", "A2"]
    assert sender.sent == [["name-0:a1+a2"]] * 4


@awaited
async def test_what_was_never_sent_is_told_at_once():
    sender = Lossy(Unavailable("away"), Unavailable("away"))
    (told,) = await outcomes([batcher(sender).submit("a1")])
    assert isinstance(told, Unavailable)
    assert not told.unknown


@awaited
async def test_what_is_not_known_is_told_when_the_time_is_over_and_not_before():
    sender = Lossy(*[lost(Unavailable("cut")) for _ in range(100)])
    loop = asyncio.get_running_loop()
    since = loop.time()
    (told,) = await outcomes([batcher(sender, HASTY).submit("a1", since)])
    assert loop.time() - since >= HASTY.timeout
    assert isinstance(told, TimedOut)
    assert told.unknown


@awaited
async def test_a_refusal_after_an_unknown_outcome_decides_nothing():
    sender = Lossy(lost(Unavailable("cut")), Refused("22P05", "no"), Locked("held"))
    assert await outcomes([batcher(sender).submit("a1")]) == ["A1"]
    assert sender.sent == [["name-0:a1"]] * 4


@awaited
async def test_what_was_late_with_an_older_one_is_sent_again_under_a_new_name():
    sender = Lossy()

    async def send(units):
        told = await sender(units)
        return told if len(sender.sent) > 1 else [Late("too late")]

    tried = batcher(send)
    loop = asyncio.get_running_loop()
    futures = [tried.submit("a1", loop.time() - LIMITS.timeout), tried.submit("a2")]
    told = await outcomes(futures)
    assert (type(told[0]), told[1]) == (Late, "A2")
    assert sender.sent == [["name-0:a1+a2"], ["name-1:a2"]]


@awaited
async def test_a_lock_that_is_refused_at_once_is_tried_again_after_a_pause():
    sender = Lossy(*[Locked("held") for _ in range(10_000)])
    limits = BatchLimits(timeout=1.5)
    (told,) = await outcomes([batcher(sender, limits).submit("a1")])
    assert isinstance(told, Locked)
    assert 1 < len(sender.sent) <= limits.timeout / TIMEOUTS.first_retry


@awaited
async def test_few_waits_for_a_lock_separate_a_locked_row_from_many_others():
    waits = 0

    async def send(units):
        nonlocal waits
        items = [unit.item for unit in units]
        if "a" in items and len(items) > 1:
            waits += 1
            raise Locked("held")
        return items

    items = [chr(ord("a") + number) for number in range(500)]
    assert await outcomes(map(batcher(send).submit, items)) == items
    assert waits <= 5


@awaited
async def test_the_parts_of_a_faulty_batch_need_few_connections_at_once():
    running: list[list[str]] = []
    most = 0

    async def send(units):
        nonlocal most
        items = [unit.item for unit in units]
        running.append(items)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.remove(items)
        if "a" in items and len(items) > 1:
            raise Locked("held")
        return items

    items = [chr(ord("a") + number) for number in range(100)]
    assert await outcomes(map(batcher(send).submit, items)) == items
    # The parts of the part with the faulty row run beside the three others.
    assert most <= 7
