"""One common time limit for all statements of a task, for example of one request."""

import time
from contextvars import ContextVar

from nestmap.database.errors import TimedOut

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


def limit_statements(seconds: float) -> None:
    """Let all statements of this task together take up to ``seconds`` from now.

    The limit also holds for tasks that this one starts, except for those of `Background`.
    """
    _deadline.set(time.monotonic() + seconds)


def seconds_left(limit: float) -> float:
    """Return ``limit``, or what the task has left if that is less. Raise TimedOut if it is nothing."""
    left = min(limit, _deadline.get() - time.monotonic())
    if left <= 0:
        raise TimedOut("the statements of this request took too long")
    return left
