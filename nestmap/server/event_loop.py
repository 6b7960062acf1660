"""The event loop: uvloop if it is installed, else asyncio's own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

try:
    import uvloop
except ImportError:  # uvloop is not installed.
    _uvloop: Callable[[], asyncio.AbstractEventLoop] | None = None
else:
    _uvloop = uvloop.new_event_loop

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], event_loop: str) -> T:
    """Run ``work`` as asyncio.run() does, on the loop that EVENT_LOOP names: asyncio or uvloop."""
    factory = _uvloop if event_loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)
