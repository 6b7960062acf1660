"""What a process does each second: report that it works, or notice that it must stop."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nestmap.processes.signals import leave_in_any_case
from nestmap.processes.supervisor import reap_orphans


async def watch(stop: asyncio.Event, well: Callable[[], bool]) -> None:
    """Call ``well()`` every second, in a thread, and stop when it returns False.

    The thread has no other work: those of the loop may all wait for a name server.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
    try:
        while await asyncio.get_running_loop().run_in_executor(thread, well):
            await asyncio.sleep(1)
    finally:
        thread.shutdown(wait=False)
    leave_in_any_case()
    stop.set()


def tend_alone(tend: Callable[[], None]) -> bool:
    """Call ``tend()`` in a single process, as a supervisor does for several."""
    tend()
    if os.getpid() == 1:
        reap_orphans()
    return True


def beat_for(parent: int, beat: Callable[[], None]) -> bool:
    """Send a heartbeat to the parent; return False if the parent has ended."""
    beat()
    return os.getppid() == parent
