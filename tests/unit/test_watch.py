"""The heartbeat of a process."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from nestmap.processes import watch
from tests.support.awaiting import awaited


@awaited
async def test_it_beats_while_all_threads_of_the_loop_are_busy():
    """As when a name server does not answer; without a heartbeat the worker would be killed."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    answer, beaten = threading.Event(), asyncio.Event()

    def well() -> bool:
        loop.call_soon_threadsafe(beaten.set)
        return True

    lookup = loop.run_in_executor(None, answer.wait)
    watching = asyncio.ensure_future(watch(asyncio.Event(), well))
    try:
        async with asyncio.timeout(20):
            await beaten.wait()
    finally:
        answer.set()
        watching.cancel()
        await asyncio.gather(lookup, watching, return_exceptions=True)
