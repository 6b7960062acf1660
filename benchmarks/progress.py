"""What a run says while it goes: on standard error, so that standard output is the report alone."""

import sys
import time

_started = time.monotonic()


def say(text: str) -> None:
    """Print one line with the minutes and seconds since the start in front."""
    minutes, seconds = divmod(int(time.monotonic() - _started), 60)
    print(f"{minutes:3d}:{seconds:02d}  {text}", file=sys.stderr, flush=True)
