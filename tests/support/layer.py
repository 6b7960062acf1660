"""The session layer on a real database, without the site."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from nestmap.sessions import Sessions
from tests.support.instance import SECRET

Result = TypeVar("Result")


@dataclass(frozen=True)
class Layer:
    """The sessions of one instance, and an event loop for a test without one."""

    runner: asyncio.Runner
    sessions: Sessions

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)


@contextmanager
def open_layer(url: str, **options: Any) -> Iterator[Layer]:
    """Open a layer on a database whose schema is up to date; it does not prune by itself."""
    with asyncio.Runner() as runner:
        sessions = Sessions(url, secret=SECRET, **({"prune": 0} | options))
        try:
            yield Layer(runner, sessions)
        finally:
            assert runner.run(sessions.close(5))
