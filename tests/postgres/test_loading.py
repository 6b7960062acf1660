"""Loading sessions with the layer alone."""

import asyncio

import pytest

from nestmap.sessions import Client
from nestmap.sessions.cookie import MOST_TRIED
from nestmap.sessions.planning import plan
from nestmap.sessions.sid import new_sid
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


def test_an_exception_of_load_user_is_raised_for_its_session_alone(database):
    def load_user(row):
        if row["name"] == "eve":
            raise KeyError("the site has a fault")
        return row["name"]

    options = {"user_query": "select :user_id as name", "load_user": load_user}
    with open_layer(database.url, **options) as layer:
        sids = [layer.run(sign_in(layer.sessions, name)) for name in ("ada", "eve", "bob")]
        ada, eve, bob = layer.run(load_each(layer.sessions, sids))
        assert (ada.user, bob.user) == ("ada", "bob")
        assert isinstance(eve, KeyError)


@pytest.mark.parametrize("count", [2, 3, 9])
def test_a_live_session_is_found_among_many_that_are_gone(database, count):
    with open_layer(database.url) as layer:
        gone = [new_sid() for _ in range(count)]
        sid = layer.run(sign_in(layer.sessions, "ada"))
        assert layer.run(layer.sessions.load([*gone, sid])).user == "ada"
        assert layer.run(layer.sessions.load(gone)).lapsed


def test_a_request_with_many_cookies_takes_few_places_in_the_queue(database):
    """Each of 100 requests has as many cookies as a request can have, and the queue has 2,000 places."""
    with open_layer(database.url) as layer:
        sid = layer.run(sign_in(layer.sessions, "ada"))
        many = [[new_sid() for _ in range(MOST_TRIED)] for _ in range(100)]
        *others, ada = layer.run(load_each(layer.sessions, [*many, [sid]]))
        assert ada.user == "ada"
        assert all(one.lapsed for one in others)


async def sign_in(sessions, user_id):
    session = await sessions.load([])
    session.sign_in(user_id)
    return (await commit(sessions, session)).sid


async def load_each(sessions, sids):
    """Load sessions at the same time; each of `sids` is one sid, or those of one request."""
    asked = [[one] if isinstance(one, str) else one for one in sids]
    return await asyncio.gather(*map(sessions.load, asked), return_exceptions=True)


async def load_twice(sessions, sid):
    return await asyncio.gather(sessions.load([sid]), sessions.load([sid]))


async def commit(sessions, session):
    return await sessions.commit(plan(session, Client))
