"""The session layer over a real database, without the site around it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from nestmap.background import Background
from nestmap.database import Database, Hosts, Limits
from nestmap.sessions import Lifetimes, Pruner, SessionManager, SessionStore

MAX_BYTES = 65536

Result = TypeVar("Result")


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SessionStore]:
    """The store of one instance, with connections of its own."""
    hosts, background = Hosts(url), Background()
    databases = [Database(hosts, Limits(connections=8)) for _ in range(2)]
    store = SessionStore(*databases, Lifetimes(), background, secure=False)
    try:
        yield store
    finally:
        assert await background.drain(5)
        for database in databases:
            await database.close()


@dataclass(frozen=True)
class Layer:
    """Manager and pruner, and a loop for a test that has none of its own."""

    runner: asyncio.Runner
    manager: SessionManager
    pruner: Pruner

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)


@contextmanager
def open_layer(url: str) -> Iterator[Layer]:
    with asyncio.Runner() as runner:
        opening = open_store(url)
        store = runner.run(opening.__aenter__())
        database = Database(Hosts(url))
        try:
            yield Layer(runner, SessionManager(store, MAX_BYTES), Pruner(database, seconds=900))
        finally:
            runner.run(database.close())
            runner.run(opening.__aexit__(None, None, None))
