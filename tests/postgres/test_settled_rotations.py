"""A rotation whose outcome was not known is finished in the background, several times to be sure."""

import json
import time

import pytest

SETTINGS = "3600, 86400, '{}'"


@pytest.fixture
def send(database):
    """Store the session "old" of Ada, and its copy "new" for a sign-in; return a function that sends a step."""
    insert = {"sid": "old", "id": "public", "data": {}, "user_id": "ada", "recorded": False}
    insert["until"] = time.time() + 60
    rotation = insert | {"new_sid": "new", "new_id": "other", "removed": [], "changed": {}}
    rotation |= {"signs_in": True, "write": f"{int(time.time() * 1000) + 60_000:012x}{0:020x}"}
    database.execute(
        f"select from nestmap.session_insert(%s::jsonb, {SETTINGS}, null)", json.dumps([insert])
    )
    statements = {
        "copy": f"select from nestmap.session_copy(%s::jsonb, {SETTINGS})",
        "rotate": f"select from nestmap.session_rotate(%s::jsonb, {SETTINGS}, null, null)",
        "settle": "select nestmap.session_settle(%s::jsonb)",
    }

    def send(user_id: str, step: str) -> None:
        database.execute(statements[step], json.dumps([rotation | {"user_id": user_id}]))

    return send


@pytest.mark.parametrize("user_id", ["ada", "bob"])
@pytest.mark.parametrize("steps", [["settle"] * 2, ["rotate", "settle"], ["settle", "rotate"]])
def test_the_new_sid_stays_and_the_old_one_has_ended(database, send, user_id, steps):
    for step in ["copy", *steps]:
        send(user_id, step)
    assert database.all("select sid, user_id from session") == [("new", user_id)]


@pytest.mark.parametrize("user_id", ["ada", "bob"])
def test_a_session_that_ended_meanwhile_ends_under_its_new_sid_too(database, send, user_id):
    send(user_id, "copy")
    database.execute("select nestmap.session_end_each(array['public'], 'signed out', null)")
    send(user_id, "settle")
    assert database.all("select sid from session") == []
    assert (
        database.value("select count(*) from nestmap.session_endings where reason = 'signed out'")
        == 2
    )
