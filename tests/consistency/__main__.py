"""Check that the histories of sessions are linearizable under faults of site, network and database.

Clients on two instances change and read shared sessions, sign in and out. Meanwhile the connections to
PostgreSQL are delayed, frozen, cut and held, and instances and PostgreSQL are killed and restarted.
"""

import argparse
import random
import signal
import sys
import threading
import time
from collections import Counter

from tests.consistency.directed import directed_round
from tests.consistency.life import Life, act, begin
from tests.consistency.trouble import Stage, Trouble, stage

LIVES = 4  # at once
CLIENTS = 3  # of each
LIFE_SECONDS = 12.0


def main() -> int:
    """Return 0 if all histories are possible, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.consistency", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: 10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    report = Report()
    with stage() as ready:
        seconds = 60 * arguments.minutes
        _directed(ready, chance, report, time.monotonic() + seconds / 5)
        with Trouble(ready, chance) as trouble:
            _random(ready, chance, report, time.monotonic() + seconds * 4 / 5)
        print(f"trouble: {dict(trouble.happened)}")
    print(report.summary())
    return 1 if report.broken else 0


class Report:
    """The observations, and the impossible ones among them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.broken: list[str] = []
        self._lock = threading.Lock()

    def add(self, life: Life) -> None:
        found = life.check()
        with self._lock:
            self.counts["lives"] += 1
            self.counts["histories"] += len(life.history)
            self.counts["operations"] += sum(map(len, life.history.values()))
            self.counts.update(life.counts)
            self.broken += found
        for one in found:
            print(f"BROKEN {one}", flush=True)

    def summary(self) -> str:
        lines = [f"{name}: {count}" for name, count in sorted(self.counts.items())]
        return "\n".join([*lines, f"not explained: {len(self.broken)}"])


def _directed(ready: Stage, chance: random.Random, report: Report, until: float) -> None:
    """Test the moments at which repeats and late statements could do harm."""
    while time.monotonic() < until:
        life = directed_round(ready, chance)
        if life is not None:
            report.add(life)
            report.counts["directed rounds"] += 1


def _random(ready: Stage, chance: random.Random, report: Report, until: float) -> None:
    def live_on(own: random.Random) -> None:
        while time.monotonic() < until:
            member = own.random() < 0.5
            life = begin(ready.urls, member=member)
            if life is None:
                time.sleep(0.2)
                continue
            _live(life, own, signs_in=member)
            report.add(life)

    threads = [
        threading.Thread(target=live_on, args=(random.Random(chance.random()),))
        for _ in range(LIVES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _live(life: Life, own: random.Random, *, signs_in: bool) -> None:
    until = time.monotonic() + LIFE_SECONDS * own.uniform(0.5, 1.5)

    def use(client: random.Random) -> None:
        while time.monotonic() < until and not life.over:
            act(life, client)
            time.sleep(client.uniform(0.0, 0.2))

    clients = [
        threading.Thread(target=use, args=(random.Random(own.random()),)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    if signs_in:
        time.sleep(LIFE_SECONDS * own.uniform(0.1, 0.4))
        life.sign_in(own.randrange(2))
    for client in clients:
        client.join()
    if own.random() < 0.5:
        life.sign_out(own.randrange(2))


sys.exit(main())
