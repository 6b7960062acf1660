"""G11: the database of an Express site is taken over while that site is running."""

import itertools
import json
import threading
import time

import psycopg2
import pytest

from tests.support.commands import nestmap
from tests.support.connect_pg_simple import DOCUMENT, TABLE
from tests.support.machine import MACHINE
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

# The statements of connect-pg-simple.
READ = "select sess from session where sid = %s and expire >= to_timestamp(%s)"
UPSERT = (
    "insert into session (sess, expire, sid) select %s, to_timestamp(%s), %s"
    " on conflict (sid) do update set sess = %s, expire = to_timestamp(%s) returning sid"
)

ROWS = 20_000
# How long a statement of another program may wait (seconds).
LONGEST = 1.0


def make_express_site(database, rows):
    """Make the tables of a site with sessions and with users and migrations of its own."""
    database.execute(TABLE)
    database.execute(
        "insert into session select 'express-' || n, %s, now() at time zone 'utc' + interval '6 h'"
        " from generate_series(1, %s) as n",
        json.dumps(DOCUMENT),
        rows,
    )
    database.execute("create table users (id serial primary key, email text not null)")
    database.execute("insert into users (email) values ('bob@example.org')")
    database.execute("create table schema_migrations (version text primary key)")
    database.execute("insert into schema_migrations values ('20250101')")


class Express(threading.Thread):
    """Reads and writes sessions as fast as it can, and keeps the times of its late statements."""

    def __init__(self, url, rows):
        super().__init__()
        MACHINE.watch()
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self._sids = itertools.cycle(f"express-{n}" for n in range(1, rows, 7))
        self._stopped = threading.Event()
        self.late = []
        self.count = 0

    def run(self):
        document = json.dumps(DOCUMENT)
        with self._connection.cursor() as cursor:
            while not self._stopped.is_set():
                sid, expire = next(self._sids), time.time() + 43200
                self._timed(cursor, READ, (sid, time.time()))
                self._timed(cursor, UPSERT, (document, expire, sid, document, expire))

    def stop(self):
        self._stopped.set()
        self.join(30)
        self._connection.close()

    def _timed(self, cursor, sql, parameters):
        began = time.monotonic()
        cursor.execute(sql, parameters)
        ended = time.monotonic()
        if not MACHINE.in_time(began, ended, LONGEST):
            self.late.append(ended - began)
        self.count += 1


@pytest.mark.long
def test_six_instances_take_a_busy_express_site_over(empty_database, start_instance):
    database = empty_database
    make_express_site(database, ROWS)
    express = [Express(database.url, ROWS) for _ in range(2)]
    for one in express:
        one.start()
    try:
        with database.transaction("select count(*) from session"):
            started = [start_instance.begin(database.url) for _ in range(6)]
            # The reader stays until a migration waits for it.
            database.wait_for_blocked()
        for instance in started:
            instance.wait_until_ready(60)
    finally:
        for one in express:
            one.stop()
    assert all(one.count > 100 for one in express)
    assert [one.late for one in express] == [[], []]
    ids = database.all("select id from session where sid like %s", "express-%")
    assert len(ids) == len(set(ids)) == ROWS
    assert (None,) not in ids
    assert database.all("select email from users") == [("bob@example.org",)]
    assert database.all("select version from schema_migrations") == [("20250101",)]
    visitor = Visitor(*(instance.url for instance in started))
    assert visitor.put_place("kyoto", at=0).status == 201
    assert visitor.place_ids(at=5) == ["kyoto"]


def test_a_sid_of_type_text_is_accepted(empty_database, start_instance):
    empty_database.execute(TABLE)
    empty_database.execute("alter table session alter column sid type text")
    visitor = Visitor(start_instance(empty_database.url).url)
    assert visitor.put_place("kyoto").status == 201
    assert visitor.register().status == 201
    assert visitor.put_place("oslo").status == 201
    assert visitor.sign_out().status == 204


def test_with_an_expire_column_with_time_zone_the_start_names_it_and_does_not_serve(
    empty_database, start_instance
):
    empty_database.execute(TABLE)
    empty_database.execute("alter table session alter column expire type timestamptz")
    site = start_instance.begin(empty_database.url)
    wait_until(lambda: "column expire" in site.output, "the start to name the column")
    assert "must be timestamp without time zone" in site.output
    assert site.readiness() != 200


def test_a_site_whose_table_is_restored_after_its_start_becomes_ready(database, start_instance):
    database.execute("alter table nestmap.users rename to elsewhere")
    site = start_instance.begin(database.url)
    wait_until(lambda: "the site is not ready" in site.output, "the start to say what it waits for")
    database.execute("alter table nestmap.elsewhere rename to users")
    site.wait_until_ready()


TOUCH = "function nestmap.session_touch(varchar[], integer, integer)"
EDIT = "update nestmap.migrations set checksum = reverse(checksum) where name = '0012-update'"
# What is done to the schema, the words that name it, and how it is undone.
FAULTS = {
    "no table": (
        "alter table session rename to elsewhere",
        "does not exist",
        "alter table elsewhere rename to session",
    ),
    "no column": (
        "alter table session rename user_agent to elsewhere",
        "no column user_agent",
        "alter table session rename elsewhere to user_agent",
    ),
    "no function": (
        f"alter {TOUCH} rename to elsewhere",
        "nestmap.session_touch does not exist",
        f"alter {TOUCH.replace('session_touch', 'elsewhere')} rename to session_touch",
    ),
    "no table of endings": (
        "alter table nestmap.session_endings rename to elsewhere",
        "nestmap.session_endings does not exist",
        "alter table nestmap.elsewhere rename to session_endings",
    ),
    "an edited migration": (EDIT, "0012-update was edited", EDIT),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_schema_is_named_by_its_object_and_not_served_until_it_is_usable(
    shared_database, site, fault
):
    change, words, undo = FAULTS[fault]
    shared_database.execute(change)
    # The site checks its database once a second.
    wait_until(lambda: site.readiness() == 503, "the site to look at its database")
    assert words in Visitor(site.url).get("/readyz").text
    shared_database.execute(undo)
    wait_until(lambda: site.readiness() == 200, "the site to find its schema again")


def test_a_revoked_right_is_named(database, tmp_path):
    role = f"serving_{database.name}"
    database.execute(f"create role {role} login")
    try:
        database.execute(f"grant usage on schema nestmap to {role}")
        database.execute(f"grant all on all tables in schema nestmap, public to {role}")
        database.execute("revoke execute on all functions in schema nestmap from public")
        done = nestmap(
            "stats",
            database_url=database.url.replace("//postgres:", f"//{role}:"),
            directory=tmp_path,
        )
        assert done.returncode != 0
        assert "permission denied for function" in done.stderr
    finally:
        database.execute(f"drop owned by {role}")
        database.execute(f"drop role {role}")


def test_the_start_warns_of_a_time_zone_in_which_express_deletes_live_sessions(
    database, start_instance
):
    """The cluster of the tests has such a time zone."""
    assert "time zone" in start_instance(database.url).output
    database.execute(f"alter database \"{database.name}\" set timezone to 'UTC'")
    assert "time zone" not in start_instance(database.url).output
