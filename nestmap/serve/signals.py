"""Being told to stop."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("nestmap")


def stop_on_signals(stop: asyncio.Event, *signals: signal.Signals) -> None:
    """Set ``stop`` on the first signal; a second one leaves at once, with status 1."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        if stop.is_set():
            log.warning("told to stop twice: leaving at once")
            raise SystemExit(1)
        stop.set()

    for number in signals:
        loop.add_signal_handler(number, told)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work, unless ``stop`` is set before it is done; whether it was done."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        await working
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False
