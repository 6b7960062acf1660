"""The function that moves places at a sign-in, called as the session layer calls it."""

import json

import pytest

from nestmap.places import session_places

GOOD = {"name": "Kyoto", "note": "in April", "latitude": 35.02, "longitude": 135.75}
ODD = [
    None,
    7,
    "text",
    ["name"],
    {},
    {"name": ""},
    {"name": None},
    {"name": 7},
    {"name": "n" * 121},
    {"name": "n" * 120},
    {"name": "🏔" * 120},
    {"name": "\u200b"},
    {"name": "n", "note": "n" * 501},
    {"name": "n", "note": 7},
    {"name": "n", "note": None},
    {"name": "n", "latitude": 1},
    {"name": "n", "latitude": 1, "longitude": None},
    {"name": "n", "latitude": 90.1, "longitude": 0},
    {"name": "n", "latitude": 1e300, "longitude": 0},
    {"name": "n", "latitude": "1", "longitude": "2"},
    {"name": "n", "latitude": True, "longitude": False},
    {"name": "n", "latitude": -90, "longitude": 180},
    {"name": "n", "created_at": 1e300},
    {"name": "n", "created_at": "yesterday"},
    {"name": "n", "created_at": 1.5e9, "more": "keys"},
]


@pytest.fixture
def take(database):
    """Return `take(data, public_id)`, which returns the keys that were taken from a session."""
    user_id = database.value(
        "insert into nestmap.users (email, password_hash) values ('ada@example.org', 'x')"
        " returning id"
    )

    def take(data: dict, public_id: str = "0123456789abcdef") -> list[str]:
        sql = "select nestmap.take_places(%s, %s, %s)"
        return database.value(sql, str(user_id), public_id, json.dumps(data))

    return take


@pytest.fixture
def places(database):
    return lambda: {row.id: row for row in database.all("select * from nestmap.places")}


def test_keys_of_places_are_taken_and_no_others(take, places):
    data = {"place:kyoto": GOOD, "cookie": {}, "draft": {"name": "x"}, "gone:oslo": GOOD}
    assert take(data) == ["place:kyoto"]
    row = places()["kyoto"]
    assert (row.name, row.note, row.latitude, row.longitude) == tuple(GOOD.values())


def test_a_repeated_call_stores_no_second_place(take, places):
    data = {"place:kyoto": GOOD, "place:oslo": {"name": "Oslo"}}
    take({"place:kyoto": {"name": "Another Kyoto"}}, "fedcba9876543210")
    assert take(data) == take(data) == ["place:kyoto", "place:oslo"]
    assert len(places()) == 3


def test_places_of_two_sessions_with_the_same_ids_are_all_kept(take, places):
    for number in range(3):
        take({"place:a": {"name": f"A {number}"}}, f"session-{number}")
    assert sorted(row.name for row in places().values()) == ["A 0", "A 1", "A 2"]
    long = {f"place:{'x' * 63}{n}": {"name": f"long {n}"} for n in range(2)}
    take(long, "one")
    take({key: {"name": value["name"] + "!"} for key, value in long.items()}, "two")
    assert len(places()) == 7


def test_the_oldest_places_are_taken_if_the_account_is_nearly_full(take, places):
    data = {f"place:p{n}": {"name": "n", "created_at": 1.7e9 + n} for n in range(1100)}
    taken = take(data)
    assert set(taken) == {f"place:p{n}" for n in range(1000)}
    assert len(places()) == 1000


def test_the_time_of_pinning_is_kept(take, places):
    take({"place:old": {"name": "n", "created_at": 1.5e9}, "place:odd": {"name": "n"}})
    assert places()["old"].created_at.year == 2017
    assert places()["odd"].created_at.year >= 2025


def test_sql_and_python_accept_the_same_places(database):
    data = {f"place:p{number}": value for number, value in enumerate(ODD)}
    data |= {"place:UPPER": GOOD, "place:": GOOD, f"place:{'x' * 65}": GOOD, "kyoto": GOOD}
    rows = database.all("select * from nestmap.places_in(%s) order by id", json.dumps(data))
    found = [(r.id, r.name, r.note, r.latitude, r.longitude) for r in rows]
    seen = [(p.id, p.name, p.note, p.latitude, p.longitude) for p in session_places(data)]
    assert found == seen
    assert len(found) > 5
