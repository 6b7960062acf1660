"""Batches with senders that fail in every way, in a random order and on a clock of their own."""

import asyncio
import random
import selectors
from collections import Counter

import pytest

from nestmap.background import Background
from nestmap.database import DatabaseError, Locked, Refused, TimedOut, Unavailable
from nestmap.sessions.batch_rules import BatchRules
from nestmap.sessions.batcher import Batcher, BatchLimits

KEYS = 5
LIMITS = BatchLimits(items=8, waiting=40, slow_after=0.4, running=3, timeout=4.4)
RULES = {
    "merged": BatchRules(lambda item: item[0], merges=True, repeats=True),
    "ordered": BatchRules(lambda item: item[0], repeats=True),
    "unordered": BatchRules(repeats=True),
}
FAULTS = [Refused("22P05", "no"), Locked("held"), Unavailable("cut"), TimedOut("slow")]


class NoWait(selectors.SelectSelector):
    """Moves the clock of the loop forward instead of waiting."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0.0
        return super().select(0)


class FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = NoWait()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


class Sender:
    """Keeps what it stored, as a table would: a unit that is sent again is stored once."""

    def __init__(self, choose: random.Random, rules: BatchRules) -> None:
        self.choose = choose
        self.rules = rules
        self.sent: Counter[int] = Counter()
        self.stored: list[tuple[int, int]] = []
        self.faulty = {key: choose.choice([None, None, *FAULTS]) for key in range(KEYS)}

    async def __call__(self, units):
        keys = [unit.item[0] for unit in units]
        if self.rules.key:
            assert len(set(keys)) == len(keys), "a statement changes a row once"
            assert not any(self.sent[key] for key in keys), "changes of a row are not sent at once"
        self.sent.update(keys)
        try:
            await asyncio.sleep(self.choose.choice([0.0, 0.003, 0.3, 1.0]))
            self._fail(units, keys)
            self._store(units)
            return [unit.item for unit in units]
        finally:
            self.sent.subtract(keys)

    def _fail(self, units, keys) -> None:
        for key in keys:
            error = self.faulty[key]
            if error is not None and self.choose.random() < 0.5:
                error = type(error)(*error.args)
                error.unknown = isinstance(error, (Unavailable, TimedOut))
                if error.unknown and self.choose.random() < 0.5:
                    self._store(units)
                raise error

    def _store(self, units) -> None:
        for unit in units:
            if unit.name is None:
                unit.name = "stored"
                self.stored += unit.items


async def ask(batcher, sender, item, patience) -> bool:
    """Return True if the caller knows that the item was stored; what it knows is right and in time."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(patience):
            told = await batcher.submit(item)
    except (DatabaseError, TimeoutError) as error:
        told = error
    assert loop.time() - began < LIMITS.timeout + LIMITS.slow_after + 0.01
    if isinstance(told, tuple):
        assert told[0] == item[0]
        assert item in sender.stored
        return True
    assert isinstance(told, TimeoutError) or told.unknown or item not in sender.stored
    return False


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(15))
def test_each_item_gets_one_right_result_in_time_and_nothing_remains(seed, name, caplog):
    choose = random.Random(seed)
    background = Background()
    sender = Sender(choose, RULES[name])

    async def story() -> None:
        batcher = Batcher("try", sender, background, rules=RULES[name], limits=LIMITS)
        items, asked = [(choose.randrange(KEYS), number) for number in range(60)], []
        for item in items:
            patience = choose.choice([None, None, None, 0.2])
            asked.append(asyncio.create_task(ask(batcher, sender, item, patience)))
            await asyncio.sleep(choose.choice([0.0, 0.0, 0.1]))
        told = await asyncio.gather(*asked)
        stored = [item for item, is_stored in zip(items, told, strict=True) if is_stored]
        assert len(set(sender.stored)) == len(sender.stored)
        if RULES[name].key:
            for key in range(KEYS):
                ours = [item for item in sender.stored if item[0] == key and item in stored]
                assert ours == sorted(ours)
        await asyncio.sleep(60)
        assert not sender.sent.total()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(story())
    assert caplog.text == "", "the sender found a mistake"
