"""Commits whose caller gives up: the layer goes on without it."""

import asyncio

from nestmap.sessions import Client
from nestmap.sessions.writes import Insert, Rotate
from tests.support.layer import open_layer
from tests.support.ports import free_port

INSERT = Insert("sid", "public", {"a": b"1"}, Client())
ROTATE = Rotate("sid", "new", "other", {}, [], replaces=False, client=Client())


async def give_up(sessions, write):
    committed = sessions.commit(write)
    # It is sent in the next turn of the loop.
    await asyncio.wait([committed], timeout=0.001)
    committed.cancel()


def test_the_row_of_a_new_session_is_removed(database, monkeypatch):
    monkeypatch.setattr("nestmap.sessions.leftovers.PAUSES", (0.0, 0.3))
    with open_layer(database.url) as layer:
        layer.run(give_up(layer.sessions, INSERT))
    assert database.value("select count(*) from session") == 0


def test_an_outage_leaves_no_traceback_in_the_log(caplog):
    with open_layer(f"postgresql://127.0.0.1:{free_port()}/nowhere") as layer:
        layer.run(give_up(layer.sessions, ROTATE))
    assert "connect to the database" in caplog.text
    assert "Traceback" not in caplog.text
