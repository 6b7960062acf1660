"""PgBouncer in transaction mode between the site and PostgreSQL: the same guarantees hold.

The relay is between PgBouncer and PostgreSQL.
"""

import asyncio
from contextlib import closing

import psycopg2
import pytest

from nestmap.database import Database, Hosts, Migrations, Prepared, migrate
from tests.support.asking import ask
from tests.support.outages import Outage
from tests.support.pgbouncer import PgBouncer
from tests.support.sids import count_sessions
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

WAITING_LOADS = """
select count(*) from pg_stat_activity
where wait_event_type = 'Lock' and query like '%session_is_due%'
"""
AWAY = [Outage.killed, Outage.wire_frozen, Outage.every_backend_terminated]


@pytest.fixture(scope="module")
def pgbouncer(fragile, relay):
    pgbouncer = PgBouncer(relay.port, fragile.system_user)
    yield pgbouncer
    pgbouncer.remove()


@pytest.fixture(scope="module")
def shared_database(fragile):
    """Make a database without a schema: the site migrates it through PgBouncer."""
    database = fragile.create()
    yield database
    fragile.drop(database)


@pytest.fixture(scope="module")
def pair(shared_database, pgbouncer, start_shared_instance):
    url = shared_database.url_at(pgbouncer.port)
    started = [start_shared_instance.begin(url, SESSION_PRUNE_SECONDS=1) for _ in range(2)]
    for instance in started:
        instance.wait_until_ready()
    return started


@pytest.fixture(scope="module")
def site(pair):
    return pair[0]


@pytest.mark.parametrize("fault", AWAY, ids=lambda fault: fault.__name__)
def test_the_site_works_again_after_an_outage_and_no_session_is_lost(crowd, outage, fault):
    crowd.run_through(fault(outage), 1.0)
    outage.assert_promises_kept(crowd)


def test_no_session_is_lost_when_pgbouncer_is_killed_and_started_again(crowd, outage, pgbouncer):
    crowd.run_through(outage.while_away(pgbouncer.kill, pgbouncer.start), 0.5)
    outage.assert_promises_kept(crowd)


def test_a_statement_that_waits_too_long_is_503(visitor, shared_database):
    """The limit is set in the transaction: PgBouncer keeps no setting of a connection."""
    visitor.put_place("lisbon")
    with shared_database.transaction("lock table session in access exclusive mode"):
        assert visitor.get("/api/places").status == 503
        assert shared_database.value(WAITING_LOADS) == 0
    assert visitor.place_ids() == ["lisbon"]


def test_no_statement_is_prepared_on_a_shared_connection(shared_database, pgbouncer):
    statement = Prepared("add", "select %(a)s::int + 1")

    async def work(db: Database) -> None:
        for _ in range(3):
            assert await db.one(statement, {"a": 1}) == (2,)
        assert await db.one("select count(*) from pg_prepared_statements") == (0,)

    ask(shared_database.url_at(pgbouncer.port), work)


def test_no_setting_stays_on_a_shared_connection(shared_database, pgbouncer):
    url = shared_database.url_at(pgbouncer.port)
    settings = "select current_setting('statement_timeout'), current_setting('enable_seqscan')"

    async def work(db: Database) -> None:
        assert await db.one(settings) == ("2s", "on")
        assert await db.one(Prepared("add", "select %(a)s::int + 1"), {"a": 1}) == (2,)

    ask(url, work, statement=2)
    with closing(psycopg2.connect(url)) as other, other.cursor() as cursor:
        cursor.execute(settings)
        assert cursor.fetchone() == ("0", "on")


def test_a_change_that_was_committed_before_its_connection_was_cut_is_stored_once(
    visitor, relay, shared_database
):
    shared_database.execute("delete from session")
    for send, status in (
        (lambda: visitor.put_place("lisbon"), 201),
        (lambda: visitor.put_place("oslo"), 201),
        (lambda: visitor.delete_place("lisbon"), 204),
        (visitor.register, 201),
        (visitor.sign_in, 200),
    ):
        relay.cut_after_next()
        assert send().status == status
        assert count_sessions(shared_database) == 1
    assert visitor.signed_in()
    assert visitor.place_ids() == ["oslo"]
    relay.cut_after_next()
    assert visitor.sign_out().status == 204
    assert count_sessions(shared_database) == 0


def test_simultaneous_changes_on_two_instances_are_all_stored(tourist):
    tourist.register()
    places = [f"p{number:02}" for number in range(40)]
    sent = [tourist.send_place(place, at=n % 2) for n, place in enumerate(places)]
    assert {each.answer().status for each in sent} == {201}
    assert tourist.place_ids(at=0) == tourist.place_ids(at=1) == places


def test_a_sign_out_counts_at_once_on_the_other_instance(tourist):
    for _ in range(10):
        tourist.register()
        thief: Visitor = tourist.twin()
        assert tourist.sign_out(at=0).status == 204
        assert not thief.signed_in(at=1)
        tourist.email = Visitor().email


def test_migrations_of_each_kind_are_applied_through_it(fragile, pgbouncer, tmp_path):
    texts = {
        "0001-thing.sql": "create table public.thing (x integer);"
        " insert into thing select 0 from generate_series(1, 10)",
        "0002-batches.sql": "-- run: repeat\nupdate thing set x = 1 where ctid in"
        " (select ctid from thing where x = 0 limit 3)",
        "0003-index.sql": "-- run: concurrently\n"
        "create index concurrently thing_idx on public.thing (x);",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    database = fragile.create()
    hosts = Hosts(database.url_at(pgbouncer.port))
    assert asyncio.run(migrate(hosts, [Migrations("test", tmp_path)], 10)) == 3
    assert database.all("select distinct x from thing") == [(1,)]
    fragile.drop(database)
