"""The names of changes that a row keeps, by which a repeated change is recognized."""

import json
from uuid import UUID

import pytest

MOST = 64


@pytest.fixture
def names_with(shared_database):
    """Return the names of a row after a change; each name is a number here."""

    def with_new(names: list[int] | None, new: int, passed: int = 0) -> list[int]:
        kept = shared_database.value(
            "select nestmap.session_names(%s::uuid[], %s::uuid, %s::uuid)::text[]",
            names and [str(UUID(int=name)) for name in names],
            str(UUID(int=new)),
            str(UUID(int=passed)),
        )
        return [UUID(name).int for name in kept]

    return with_new


@pytest.mark.parametrize("before", [None, []], ids=["no names", "an empty array"])
def test_the_first_name(names_with, before):
    assert names_with(before, 7) == [7]


@pytest.mark.parametrize(
    ("new", "after"),
    [(1, [1, 4, 6, 9]), (5, [4, 5, 6, 9]), (10, [4, 6, 9, 10])],
    ids=["the oldest", "in between", "the newest"],
)
def test_names_are_kept_in_order_whatever_the_order_of_the_changes(names_with, new, after):
    assert names_with([4, 6, 9], new) == after


def test_names_of_changes_that_can_no_longer_be_made_are_dropped(names_with):
    assert names_with([4, 6, 9], 10, passed=6) == [9, 10]
    assert names_with([4, 6, 9], 10, passed=9) == [10]


def test_the_newest_64_are_kept(names_with):
    full = list(range(100, 100 + 2 * MOST, 2))
    assert len(full) == MOST
    assert names_with(full, 1000) == [*full[1:], 1000]
    assert names_with(full, 105) == sorted([*full[1:], 105])
    assert names_with(full[1:], 1000) == [*full[1:], 1000]


@pytest.mark.parametrize(
    ("older_names", "is_late"), [(MOST - 1, False), (MOST, True)], ids=["63 names", "64 names"]
)
def test_a_change_that_is_older_than_64_names_is_late(database, older_names, is_late):
    """Its name may have been pushed out, so that it was made already."""
    database.execute(
        "insert into session (sid, sess, expire, writes)"
        " values ('s', '{}', now() at time zone 'utc' + interval '1 hour', %s::uuid[])",
        [str(UUID(int=100 + number)) for number in range(older_names)],
    )
    change = {"sid": "s", "write": str(UUID(int=7)), "until": 4e9, "changed": {"a": 1}}
    database.value(
        "select asked from nestmap.session_update(%s::jsonb, 3600, 7200, 60, '{}', %s::uuid)",
        json.dumps([change | {"removed": [], "replaces": False, "renews": True}]),
        str(UUID(int=0)),
    )
    assert database.value("select sess::jsonb ? 'a' from session") is not is_late
