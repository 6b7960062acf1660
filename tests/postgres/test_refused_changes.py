"""A change that PostgreSQL refuses, among other ones of the same session."""

import asyncio

from nestmap.database import Refused
from nestmap.sessions import Client
from nestmap.sessions.planning import plan
from tests.support.layer import open_layer


def test_the_other_changes_of_the_session_are_stored(database):
    database.execute("alter table session add check (not sess::jsonb ? 'wrong')")
    with open_layer(database.url) as layer:

        async def change(sid, *keys):
            """Store each key in a request of its own, all at once."""
            sessions = [await layer.sessions.load([sid] if sid else []) for _ in keys]
            for session, key in zip(sessions, keys, strict=True):
                session[key] = 1
            commits = [layer.sessions.commit(plan(one, Client)) for one in sessions]
            return await asyncio.gather(*commits, return_exceptions=True)

        (written,) = layer.run(change(None, "first"))
        keys = ["a", "b", "c", "d", "wrong", "e", "f", "g"]
        told = layer.run(change(written.sid, *keys))
        assert [key for key, one in zip(keys, told, strict=True) if isinstance(one, Refused)] == [
            "wrong"
        ]
        assert {*layer.run(layer.sessions.load([written.sid]))} == {"first", *keys} - {"wrong"}
