"""Being told to stop."""

import asyncio
import logging
import os
import signal
import sys
import threading
from types import FrameType

from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap")

# After a second signal, open things are closed for as long as this (seconds).
LEAVE_SECONDS = 2.0


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` on SIGTERM, SIGINT or SIGHUP; a second one leaves at once, with status 1.

    Handlers of Python and not of the event loop: they are heard by a loop that hangs, too. A process
    that is still there after TIMEOUTS.kill seconds is left by force.
    """
    loop = asyncio.get_running_loop()
    told: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        told.append(number)
        if loop.is_closed():
            # The last lines of the log are being written; nothing is left to stop.
            return
        if len(told) > 1:
            log.warning("told to stop twice: leaving at once")
            _leave_after(LEAVE_SECONDS)
            # Not raised here: this may run inside a callback of uvloop, which would only log it.
            loop.call_soon_threadsafe(sys.exit, 1)
            return
        _leave_after(TIMEOUTS.kill)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup ignores SIGHUP, a supervisor ignores all but SIGTERM for its workers.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_signal)


def _leave_after(seconds: float) -> None:
    def leave() -> None:
        log.error("could not stop in %.0f s: leaving", seconds)
        logging.shutdown()
        os._exit(1)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
