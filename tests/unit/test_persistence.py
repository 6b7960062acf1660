"""Retrying: up to the time limit, with few log lines."""

import asyncio
import logging

import pytest

from nestmap.database import Locked, Refused
from nestmap.database.persistence import Persistence

log = logging.getLogger("test")


class Step:
    """Fails `failures` times, then succeeds."""

    def __init__(self, failures: float, error: Exception) -> None:
        self.attempts = 0
        self._failures = failures
        self._error = error

    async def __call__(self) -> str:
        self.attempts += 1
        if self.attempts <= self._failures:
            raise self._error
        return "done"


def persist(step: Step, *, patience: float) -> str:
    persistence = Persistence(patience, log, pause=0.001)
    return asyncio.run(persistence.until_it_works("the step", step))


def test_a_step_that_fails_is_repeated_and_its_cause_is_logged_once(caplog):
    step = Step(50, Locked("the table is locked"))
    assert persist(step, patience=60) == "done"
    assert step.attempts == 51
    assert caplog.messages == ["waiting, the step: the table is locked (1 attempts, 0 s)"]


def test_retrying_ends_at_the_time_limit():
    step = Step(float("inf"), Locked("the table is locked"))
    with pytest.raises(Locked):
        persist(step, patience=0.05)
    assert step.attempts > 1


def test_without_a_time_limit_there_is_one_attempt():
    step = Step(1, Locked("the table is locked"))
    with pytest.raises(Locked):
        persist(step, patience=0)
    assert step.attempts == 1


def test_a_permanent_error_is_not_repeated():
    step = Step(1, Refused("42601", "syntax error"))
    with pytest.raises(Refused):
        persist(step, patience=60)
    assert step.attempts == 1
