"""A value that gets into a log shows no sid and no data."""

import pytest

from nestmap.sessions import Client
from nestmap.sessions.records import Record
from nestmap.sessions.writes import Insert, Owner, Rotate, Touch, Update, Written

CLIENT = Client("192.0.2.1", "a browser")
TEXTS = {"secret": b'"secret"'}
VALUES = [
    Record("secret", "public", {"secret": 1}, 0.0, None, 1.0, 2.0, user="secret"),
    Insert("secret", "public", TEXTS, CLIENT, Owner("secret")),
    Update("secret", TEXTS, ["secret"], replaces=False, client=CLIENT),
    Rotate("secret", "secret", "public", TEXTS, [], replaces=False, client=CLIENT),
    Touch("secret"),
    Owner("secret"),
    Written("secret", "public", 0.0, None, 1.0, 2.0, None, ["secret"]),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_shows_no_secret(value):
    for shown in (repr(value), str(value), f"{value}"):
        assert "secret" not in shown
