"""Loading sessions with the layer alone."""

import asyncio

from nestmap.sessions import Client
from nestmap.sessions.planning import plan
from tests.support.layer import open_layer


def test_requests_that_are_loaded_by_one_statement_share_no_data(database):
    """A change of one is not visible to the other before its commit, and both are stored."""
    with open_layer(database.url) as layer:
        session = layer.run(layer.sessions.load([]))
        session["list"] = [1]
        written = layer.run(commit(layer.sessions, session))
        one, other = layer.run(load_twice(layer.sessions, written.sid))
        one["list"].append(2)
        one["new"] = 1
        assert dict(other) == {"list": [1]}
        layer.run(commit(layer.sessions, one))
        other["third"] = 3
        layer.run(commit(layer.sessions, other))
        (loaded, _) = layer.run(load_twice(layer.sessions, written.sid))
        assert dict(loaded) == {"list": [1, 2], "new": 1, "third": 3}


async def load_twice(sessions, sid):
    return await asyncio.gather(sessions.load([sid]), sessions.load([sid]))


async def commit(sessions, session):
    return await sessions.commit(plan(session, Client))
