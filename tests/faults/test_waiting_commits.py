"""Abandoned commits that wait for a lost standby are ended, whatever the connections are called."""

import asyncio
import threading
from contextlib import closing, contextmanager

import psycopg2
import pytest

from nestmap.database import DatabaseError
from nestmap.sessions import Client
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import Insert
from tests.support.layer import open_layer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

WAITING = "select pid, query_start from pg_stat_activity where wait_event = 'SyncRep'"
# Longer than the names of PostgreSQL, and with a character that it replaces.
LONG = "läden-" + "x" * 80


@contextmanager
def lost_standby(server):
    """Let each commit of the cluster wait for a standby that does not exist."""
    server.execute("set synchronous_commit = local")
    server.execute("alter system set synchronous_standby_names = 'nobody'")
    server.execute("select pg_reload_conf()")
    try:
        yield
    finally:
        server.execute("alter system reset synchronous_standby_names")
        server.execute("select pg_reload_conf()")


@pytest.mark.parametrize(
    ("addition", "options"),
    [("", {"application_name": "shop"}), ("", {"application_name": LONG}), ("shop", {})],
    ids=["option", "long option", "connection string"],
)
def test_a_commit_that_waits_in_vain_is_ended(fragile, shared_database, addition, options):
    url = f"{shared_database.url}?application_name={addition}"
    server = fragile.database("postgres")
    with open_layer(url, sample=0, **options) as layer, lost_standby(server):
        layer.run(store_in_vain(layer.sessions))
        waiting = set(server.all(WAITING))
        assert waiting
        layer.run(swept(layer.sessions, server, waiting))
    server.close()


def test_the_commit_of_another_program_goes_on_waiting(fragile, shared_database):
    server = fragile.database("postgres")
    other = threading.Thread(target=commit, args=[shared_database.url, "other"])
    with open_layer(shared_database.url, sample=0, application_name="shop") as layer:
        with lost_standby(server):
            other.start()
            wait_until(lambda: server.all(WAITING), "the other commit to wait")
            others = set(server.all(WAITING))
            layer.run(store_in_vain(layer.sessions))
            waiting = set(server.all(WAITING)) - others
            assert waiting
            layer.run(swept(layer.sessions, server, waiting))
            assert others <= set(server.all(WAITING))
        other.join()
    server.close()


def commit(url, name):
    with closing(psycopg2.connect(url, application_name=name)) as connection:
        connection.cursor().execute("create table of_another_program ()")
        connection.commit()


async def store_in_vain(sessions):
    insert = Insert(sid=new_sid(), id=new_id(), data={"a": b"1"}, client=Client())
    with pytest.raises(DatabaseError):
        await sessions.commit(insert)


async def swept(sessions, server, waiting):
    """Wait until the layer has ended these commits; later ones may wait by now."""
    sessions.start()
    await asyncio.to_thread(
        wait_until, lambda: waiting.isdisjoint(server.all(WAITING)), "the end of these commits"
    )
