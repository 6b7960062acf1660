"""How late the event loop is: what every request waits when something holds it up."""

import asyncio
import time

from nestmap.measures import Distribution

INTERVAL = 0.25  # seconds: four timers a second cost nothing that can be measured


class LoopLag:
    """Sleeps again and again; ``seconds`` counts how much later than asked it woke up."""

    def __init__(self) -> None:
        self.seconds = Distribution()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            # Not the loop's clock: uvloop's stands still while a callback runs.
            due = time.monotonic() + INTERVAL
            await asyncio.sleep(INTERVAL)
            self.seconds.add(max(0.0, time.monotonic() - due))
