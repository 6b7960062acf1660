"""Texts for times, durations, sizes, positions and browsers."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import humanize
from ua_parser import BestAvailableResolver, Parser, load_lazy_builtins

from nestmap.sessions.client import USER_AGENT_LENGTH
from nestmap.sessions.figures import iso as iso_of

# The rules for browsers and systems. Making a parser takes time, so it is made at the start, not during
# a request, and without the rules for devices, which are half of all.
_BROWSERS, _SYSTEMS, _ = load_lazy_builtins()
_PARSER = Parser(BestAvailableResolver((_BROWSERS, _SYSTEMS, [])))

RENAMED = {
    "Mac OS X": "macOS",
    "Mobile Safari": "Safari",
    "Chrome Mobile": "Chrome",
    "Firefox Mobile": "Firefox",
}


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a time was: "just now", "2 minutes ago", "3 hours ago"."""
    passed = max((now or datetime.now(UTC)) - moment, timedelta())
    return "just now" if passed < timedelta(minutes=1) else humanize.naturaltime(passed)


def iso(moment: datetime | float | None) -> str | None:
    """Return a time, also in seconds since the epoch, as the API shows all: 2026-01-31T09:00:00.000Z."""
    if moment is None:
        return None
    return iso_of(moment.timestamp() if isinstance(moment, datetime) else moment)


def duration(seconds: float) -> str:
    """Return a length of time in words: "30 minutes", "12 hours", "1 day and 12 hours"."""
    unit = "minutes" if seconds >= 60 else "seconds"
    suppressed = ["months", "years"]
    return humanize.precisedelta(
        timedelta(seconds=seconds), minimum_unit=unit, suppress=suppressed, format="%0.0f"
    )


def size(octets: int) -> str:
    """Return an amount of data in its largest unit: "512 Bytes", "1.5 MiB"."""
    return humanize.naturalsize(octets, binary=True)


def position(latitude: float, longitude: float) -> str:
    """Return a position on the Earth: "35.0° N, 135.8° E"."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.1f}° {north}, {abs(longitude):.1f}° {east}"


@lru_cache(maxsize=1024)
def browser_name(user_agent: str | None) -> str:
    """Return the browser and the system that a User-Agent names: "Firefox on Linux"."""
    parsed = _PARSER.parse((user_agent or "")[:USER_AGENT_LENGTH])
    browser = parsed.user_agent.family if parsed.user_agent else ""
    system = parsed.os.family if parsed.os else ""
    browser = RENAMED.get(browser, browser) or "Unknown browser"
    return f"{browser} on {RENAMED.get(system, system)}" if system else browser
