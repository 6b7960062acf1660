"""A new session is stored once, although its statement may be sent again and arrive late."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

INSERT = "select sid from nestmap.session_insert(%s::jsonb, 3600, 86400, '{}', null)"


@pytest.fixture
def insert(database):
    """Return a function that sends the same insert again, and returns the sid of its result."""
    row = {"sid": "new", "id": "public", "data": {"a": 1}, "named": [], "recorded": False}

    def send(seconds: float = 60) -> str | None:
        rows = json.dumps([row | {"until": time.time() + seconds}])
        return database.value(INSERT, rows)

    return send


def stored(database) -> list[str]:
    return [sid for (sid,) in database.all("select sid from session")]


def test_a_repeat_finds_the_row(database, insert):
    assert [insert(), insert()] == ["new", "new"]
    assert stored(database) == ["new"]


def test_a_repeat_does_not_revive_a_session_that_has_ended_since(database, insert):
    insert()
    database.execute("select nestmap.session_end_each(array['public'], 'replaced', null)")
    assert insert() is None
    assert stored(database) == []


def test_an_insert_after_its_deadline_stores_nothing(database, insert):
    assert insert(-1) is None
    assert stored(database) == []


def test_a_repeat_while_the_first_attempt_is_running_records_one_sign_in(database):
    row = {"sid": "new", "id": "public", "data": {}, "user_id": "ada", "recorded": True}
    rows = json.dumps([row | {"until": time.time() + 60}])
    with (
        closing(psycopg2.connect(database.url)) as first,
        closing(psycopg2.connect(database.url)) as second,
        ThreadPoolExecutor() as threads,
    ):
        first.cursor().execute(INSERT, [rows])
        repeat = threads.submit(second.cursor().execute, INSERT, [rows])
        database.wait_for_blocked()
        first.commit()
        repeat.result()
        second.commit()
    assert stored(database) == ["new"]
    assert database.all("select kind, user_id from nestmap.events") == [("signed_in", "ada")]
