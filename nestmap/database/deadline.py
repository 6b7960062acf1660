"""One common time limit for all statements of a task, for example of one request.

What counts is the time that statements take, not the time between them: a handler may wait for
something else as long as it likes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from nestmap.database.errors import TimedOut


@dataclass(slots=True)
class _Budget:
    limit: float = float("inf")
    spent: float = 0.0


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


def limit_statements(seconds: float) -> None:
    """Let all statements of this task together take up to ``seconds``.

    The limit also holds for tasks that this one starts, except for those of `Background`.
    """
    _budget.set(_Budget(seconds))


def lift_limit() -> None:
    """End the common limit of this task."""
    _budget.set(None)


def seconds_left(limit: float) -> float:
    """Return ``limit``, or what the task has left if that is less. Raise TimedOut if it is nothing."""
    budget = _budget.get()
    if budget is None:
        return limit
    left = min(limit, budget.limit - budget.spent)
    if left <= 0:
        raise TimedOut("the statements of this request took too long")
    return left


def seconds_spent() -> float:
    """Return how long the statements of this task took so far, 0 if they have no common limit."""
    budget = _budget.get()
    return 0.0 if budget is None else budget.spent


@contextmanager
def counted() -> Iterator[None]:
    """Count the time that the block takes as that of a statement."""
    began = time.monotonic()
    try:
        yield
    finally:
        if (budget := _budget.get()) is not None:
            budget.spent += time.monotonic() - began
