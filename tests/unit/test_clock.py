"""The estimate of the database's clock is never too late, and names sort by deadline."""

import time
from uuid import UUID

from nestmap.sessions.clock import DatabaseClock, new_name


def test_it_is_never_later_than_the_databases():
    clock = DatabaseClock()
    assert not clock.is_known
    # The database read its clock between our two times.
    clock.note(1000.0, asked=10.0, answered=12.0)
    assert clock.is_known
    assert clock.at(12.0) == 1000.0


def test_the_best_answer_counts_and_a_slow_one_does_not_spoil_it():
    clock = DatabaseClock()
    clock.note(1000.0, asked=10.0, answered=12.0)
    clock.note(1001.0, asked=12.0, answered=12.5)
    assert clock.at(20.0) == 1008.5
    clock.note(1003.0, asked=12.5, answered=19.0)
    assert clock.at(20.0) == 1008.5


def test_a_clock_that_was_set_is_believed():
    clock = DatabaseClock()
    clock.note(1000.0, asked=10.0, answered=10.0)
    clock.note(500.0, asked=11.0, answered=11.5)
    assert clock.at(11.5) == 500.0
    clock.note(2000.0, asked=12.0, answered=12.5)
    assert clock.at(12.5) == 2000.0


def test_names_are_unique_and_sort_by_deadline():
    names = [new_name(deadline) for deadline in (1.7e9, 1.7e9, 1.7e9 + 0.002, 1.9e9)]
    assert len(set(names)) == 4
    assert sorted(names[1:]) == names[1:]
    assert all(UUID(name) for name in names)


def test_what_has_passed_is_smaller_than_each_name_that_may_still_count():
    clock = DatabaseClock()
    here = time.monotonic()
    clock.note(1.7e9, asked=here, answered=here)
    assert new_name(1.7e9 - 0.001) < clock.passed() < new_name(1.7e9 + 3600)
