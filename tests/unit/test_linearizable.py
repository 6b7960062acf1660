"""The checker of histories accepts possible histories and finds impossible ones."""

import pytest

from tests.consistency.linearizable import Operation, impossible


def write(value, began, ended, *, unknown=False):
    return Operation("write", value, began, ended, unknown)


def read(value, began, ended):
    return Operation("read", value, began, ended)


GOOD = {
    "nothing": [],
    "in order": [write("x", 0, 1), read("x", 2, 3), write(None, 4, 5), read(None, 6, 7)],
    "at once, either": [write("x", 0, 5), write("y", 1, 4), read("x", 6, 7)],
    "read while it is written": [write("x", 0, 5), read(None, 1, 2), read("x", 3, 4)],
    "unknown and done": [write("x", 0, 9, unknown=True), read("x", 5, 6)],
    "unknown and never done": [write("x", 0, 9, unknown=True), read(None, 10, 11)],
}
BAD = {
    "lost": [write("x", 0, 1), read(None, 2, 3)],
    "read backwards": [write("x", 0, 5), read("x", 1, 2), read(None, 3, 4)],
    "undone by a repeat": [
        write("first", 0, 9),
        read("first", 1, 2),
        write("second", 3, 4),
        read("second", 5, 6),
        read("first", 7, 8),
    ],
    "later than it may be": [
        write("first", 0, 5, unknown=True),
        write("second", 6, 7),
        read("first", 8, 9),
    ],
    "a removal is undone": [write("x", 0, 1), write(None, 2, 3), read("x", 4, 5)],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_possible_history_is_accepted(name):
    assert impossible(GOOD[name]) is None


@pytest.mark.parametrize("name", BAD)
def test_an_impossible_history_is_found(name):
    assert impossible(BAD[name]) is not None
