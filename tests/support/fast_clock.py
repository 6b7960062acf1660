"""A site whose timers run faster than the clock, so that no test waits 75 s for a timeout."""

from dataclasses import dataclass
from pathlib import Path

from tests.support.instance import ROOT

# Python imports a module of this name at its start, from a folder of PYTHONPATH.
MODULE = """
import asyncio.base_events

_call_later = asyncio.base_events.BaseEventLoop.call_later

def call_later(self, delay, callback, *args, **kwargs):
    return _call_later(self, delay / {factor}, callback, *args, **kwargs)

asyncio.base_events.BaseEventLoop.call_later = call_later
"""


@dataclass(frozen=True)
class FastClock:
    """`start_instance(url, PYTHONPATH=clock.path)`: `factor` seconds of its timers take one second."""

    path: str
    factor: float

    def seconds(self, passed: float) -> float:
        """Return the seconds that have passed for the timers of the site."""
        return passed * self.factor


def fast_clock(directory: Path, factor: float = 15) -> FastClock:
    (directory / "sitecustomize.py").write_text(MODULE.format(factor=factor))
    return FastClock(f"{directory}:{ROOT}", factor)
