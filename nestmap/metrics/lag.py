"""Measures the delay of the event loop, which adds to the time of every request."""

import asyncio
import time

from nestmap.measures import Distribution

INTERVAL = 0.25  # seconds: the cost of four timers a second is not measurable


class LoopLag:
    """Sleeps repeatedly; ``seconds`` counts the delay of each wake-up."""

    def __init__(self) -> None:
        self.seconds = Distribution()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            # Not the loop's clock: that of uvloop does not advance during a callback.
            due = time.monotonic() + INTERVAL
            await asyncio.sleep(INTERVAL)
            self.seconds.add(max(0.0, time.monotonic() - due))
