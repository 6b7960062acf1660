"""The site's query for the user of a session: its check at the start, and the versions of users."""

import pytest

from nestmap.database import SchemaError
from nestmap.sessions import Client
from nestmap.sessions.planning import plan
from tests.support.layer import open_layer

PEOPLE = """
create table people (id text primary key, version integer);
insert into people values ('ada', 1), ('bob', null)
"""
BY_ID = "select id, version from people where id = :user_id"


@pytest.fixture
def people(database):
    database.execute(PEOPLE)
    return database


@pytest.mark.parametrize(
    "query",
    [
        "select id from strangers where id = :user_id",
        "select id from people where :user_id",
        "update people set version = 2 where id = :user_id returning id",
        "delete from people where id = :user_id returning id",
    ],
)
def test_a_query_that_cannot_be_part_of_a_load_is_refused_at_the_start(people, query):
    with (
        open_layer(people.url, user_query=query) as layer,
        pytest.raises(SchemaError, match="user_query"),
    ):
        layer.run(layer.sessions.schema.check())


@pytest.mark.parametrize(
    "query",
    [
        f"{BY_ID};",
        f"{BY_ID} -- of a person",
        "with one as (select * from people where id = :user_id) select id, version from one",
        "select id, id, version from people where id = :user_id and id not like '%x' limit 1",
    ],
)
def test_any_other_query_may_be_used(people, query):
    with open_layer(people.url, user_query=query) as layer:
        layer.run(layer.sessions.schema.check())
        assert signed_in(layer, "ada", 1).user == "ada"


def test_a_user_without_a_version_stays_signed_in_until_there_is_one(people):
    with open_layer(people.url, user_query=BY_ID) as layer:
        session = signed_in(layer, "bob", None)
        assert session.user == "bob"
        people.execute("update people set version = 1 where id = 'bob'")
        assert layer.run(layer.sessions.load([session.stored.sid])).lapsed.reason == "version"
        assert signed_in(layer, "ada", None).lapsed.reason == "version"


def signed_in(layer, user_id, version):
    """Sign in and return the session as the next request loads it."""

    async def sign_in():
        session = await layer.sessions.load([])
        session.sign_in(user_id, version)
        written = await layer.sessions.commit(plan(session, Client))
        return await layer.sessions.load([written.sid])

    return layer.run(sign_in())
