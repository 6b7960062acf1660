"""One common time limit for all statements of a task, for example of one request.

Only the time of statements counts, not the time between them: a handler may wait for other things
without a limit.
"""

import time
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
    """Return ``limit``, or the time that the task has left if that is less. Raise TimedOut if none is left."""
    budget = _budget.get()
    if budget is None:
        return limit
    left = min(limit, budget.limit - budget.spent)
    if left <= 0:
        raise TimedOut("the statements of this request took too long")
    return left


def seconds_spent() -> float:
    """Return the time of the statements of this task so far, 0 without a common limit."""
    budget = _budget.get()
    return 0.0 if budget is None else budget.spent


class counted:  # noqa: N801 (it is used like a function)
    """Count the time of a block as the time of a statement."""

    __slots__ = ("_began",)

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        if (budget := _budget.get()) is not None:
            budget.spent += time.monotonic() - self._began
