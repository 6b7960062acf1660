"""A counter of the requests that have no response yet, and a flag for the stop.

The stop itself, which waits for them, is `serve()` in nestmap/processes/serving.py.
"""


class RunningRequests:
    """The number of running requests, and a flag for the stop."""

    def __init__(self) -> None:
        self._count = 0
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """True after the beginning of a stop."""
        return self._stopping

    @property
    def number(self) -> int:
        """The number of requests whose response has not been sent."""
        return self._count

    @property
    def is_quiet(self) -> bool:
        """True if no request is running."""
        return self._count == 0

    def enter(self) -> None:
        """Count a request that begins."""
        self._count += 1

    def leave(self) -> None:
        """Count a request whose response has been sent."""
        self._count -= 1

    def begin_stop(self) -> None:
        """Begin the stop: responses close their connections, and the instance is not ready."""
        self._stopping = True
