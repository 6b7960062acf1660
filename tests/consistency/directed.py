"""Tests the moments at which a repeat or a late statement could undo an acknowledged change."""

import random
import threading
import time
from collections.abc import Callable

from tests.consistency.life import Life, begin
from tests.consistency.trouble import Stage
from tests.support.relay import UPDATE, Relay

# The faults of the connection, and the longest time in seconds until another change is acknowledged.
MOMENTS: list[tuple[Callable[[Relay], None], float]] = [
    (lambda relay: relay.cut_after_next(UPDATE, hold_repeat=True), 0.5),
    (lambda relay: relay.cut_after_next(UPDATE, hold_repeat=True), 5.5),
    (lambda relay: relay.hold(UPDATE, once=True), 0.5),
    (lambda relay: relay.hold(UPDATE), 5.5),
    (lambda relay: relay.hold_answer(UPDATE), 5.5),
]


def directed_round(ready: Stage, chance: random.Random) -> Life | None:
    """Change a key over a connection with a fault at one moment, and change it on the other instance."""
    life = begin(ready.urls, member=False)
    if life is None:
        return None
    relay = ready.relays[0]
    make_bad, seconds = chance.choice(MOMENTS)
    make_bad(relay)
    first = threading.Thread(target=_change, args=(life, chance, 0))
    first.start()
    time.sleep(chance.uniform(0.0, seconds))
    if chance.random() < 0.5:
        relay.reset_clients()
    for _ in range(chance.randrange(1, 4)):
        life.read(1)
        _change(life, chance, 1)
    life.read(1)
    time.sleep(chance.choice((0.0, chance.uniform(0.0, 1.0))))
    relay.release()
    for number in range(8):
        life.read(number % 2)
        time.sleep(0.05)
    first.join()
    relay.heal()
    # The response has arrived: later reads show if the change is made afterwards.
    for _ in range(3):
        life.read(1)
        time.sleep(0.05)
    return life


def _change(life: Life, chance: random.Random, at: int) -> None:
    if chance.random() < 0.6:
        life.put("a", at)
    else:
        life.remove("a", at)
