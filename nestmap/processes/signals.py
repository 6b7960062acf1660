"""Stop signals. What happens then: serve() in serving.py, and Services.close()."""

import asyncio
import logging
import os
import signal
import sys
import threading
from types import FrameType

from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap")

# How long a second signal waits for the log to be written (seconds).
LEAVE_SECONDS = 2.0


def stop_on_signals(stop: asyncio.Event, *, supervised: bool = False) -> None:
    """Set ``stop`` on SIGTERM, SIGINT or SIGHUP; a second one exits at once, with status 1.

    The handlers belong to Python, not to the event loop, so they also run if the loop hangs. A
    process that still runs after TIMEOUTS.kill seconds exits by force.

    With ``supervised`` a second signal changes nothing: one to all processes comes from its sender
    and from the supervisor, which kills its workers when it is itself told to stop twice.
    """
    loop = asyncio.get_running_loop()
    told: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        told.append(number)
        if loop.is_closed():
            # The process is already exiting.
            return
        if len(told) > 1:
            if supervised:
                return
            log.warning("told to stop twice: leaving at once")
            _leave_after(LEAVE_SECONDS)
            # No exception: in a callback of uvloop it would only be logged.
            loop.call_soon_threadsafe(sys.exit, 1)
            return
        leave_in_any_case()
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup ignores SIGHUP, a supervisor ignores all but SIGTERM for its workers.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_signal)


def leave_in_any_case() -> None:
    """Exit by force if this process still runs after TIMEOUTS.kill seconds."""
    _leave_after(TIMEOUTS.kill)


def _leave_after(seconds: float) -> None:
    def leave() -> None:
        log.error("could not stop in %.0f s: leaving", seconds)
        logging.shutdown()
        os._exit(1)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
