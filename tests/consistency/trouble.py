"""Two instances and their database, and the faults that may happen to them."""

import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tests.support.cluster import Cluster
from tests.support.commands import migrated_database
from tests.support.instance import Instance, Starter, instances
from tests.support.ports import free_port
from tests.support.relay import WRITE, Relay

LIMITS = {
    "REGISTRATIONS_PER_HOUR": 1000,
    "NEW_SESSIONS_PER_MINUTE": 6000,
    "SIGN_IN_ACCOUNT_FAILURES": 20,
    "SIGN_IN_NETWORK_FAILURES": 1000,
    "SESSIONS_PER_USER": 100,
}


class Stage:
    """Two instances, each behind its own relay, on one PostgreSQL."""

    def __init__(self, cluster: Cluster, folder: Path, start: Starter) -> None:
        self.cluster = cluster
        self.database = migrated_database(cluster, folder)
        self.relays = [Relay(cluster.port) for _ in range(2)]
        self._ports = [free_port() for _ in range(2)]
        self._start = start
        self.instances = [self._begin(number) for number in range(2)]
        self.urls = tuple(instance.url for instance in self.instances)
        for instance in self.instances:
            instance.wait_until_ready()

    def restart(self, number: int) -> None:
        """Kill an instance and start it again."""
        self.instances[number].kill()
        self.instances[number] = self._begin(number)
        self.instances[number].wait_until_ready(60)

    def _begin(self, number: int) -> Instance:
        url = self.database.url_at(self.relays[number].port)
        return self._start.begin(url, PORT=self._ports[number], **LIMITS)


@contextmanager
def stage() -> Iterator[Stage]:
    cluster = Cluster()
    with tempfile.TemporaryDirectory(prefix="nestmap-consistency-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            with instances(folder) as starter:
                yield Stage(cluster, folder, starter)
        finally:
            cluster.remove()


class Trouble:
    """Causes random faults until it is stopped; `happened` counts them."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.happened: Counter[str] = Counter()
        self._stage = stage
        self._chance = chance
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._on_wire, args=(relay, random.Random(chance.random())))
            for relay in stage.relays
        ]
        self._threads.append(threading.Thread(target=self._on_processes))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _on_wire(self, relay: Relay, chance: random.Random) -> None:
        kinds: list[Callable[[], None]] = [
            lambda: relay.delay(chance.uniform(0.05, 0.4)),
            relay.freeze,
            relay.swallow,
            relay.reset,
            relay.refuse,
            relay.hold,
            relay.hold_answer,
            relay.reset_clients,
            lambda: relay.cut_after_next(WRITE),
            lambda: relay.cut_after_next(WRITE, hold_repeat=True),
        ]
        while not self._over.wait(chance.uniform(0.1, 2.0)):
            kind = chance.randrange(len(kinds))
            self.happened["wire"] += 1
            kinds[kind]()
            self._over.wait(chance.choice((0.2, 1.0, 3.0, 6.0)) * chance.random())
            relay.heal()

    def _on_processes(self) -> None:
        chance, stage = self._chance, self._stage
        while not self._over.wait(chance.uniform(4.0, 14.0)):
            kind = chance.choice(("kill", "kill", "stop", "crash", "terminate"))
            self.happened[kind] += 1
            if kind == "kill":
                stage.restart(chance.randrange(2))
            elif kind == "terminate":
                with suppress(Exception):
                    stage.cluster.terminate_backends(stage.database)
            else:
                stage.database.close()
                stage.cluster.crash() if kind == "crash" else stage.cluster.stop("fast")
                self._over.wait(chance.uniform(0.0, 2.0))
                stage.cluster.start()
