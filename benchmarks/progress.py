"""The progress of a run, on standard error, so that standard output has only the report."""

import sys
import time

_started = time.monotonic()


def say(text: str) -> None:
    """Print one line that begins with the minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.monotonic() - _started), 60)
    print(f"{minutes:3d}:{seconds:02d}  {text}", file=sys.stderr, flush=True)
