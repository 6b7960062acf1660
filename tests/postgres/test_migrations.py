"""G11: migrating an empty database and one of connect-pg-simple, by one process or by many."""

import subprocess
import sys

import pytest

from tests.support.commands import nestmap
from tests.support.comparison import schema_of
from tests.support.connect_pg_simple import DOCUMENT, make_express_table
from tests.support.instance import SECRET, environment
from tests.support.visitor import Visitor


def begin_migrating(database, directory) -> subprocess.Popen:
    settings = {"DATABASE_URL": database.url, "SESSION_SECRET": SECRET, "DATA_DIR": directory}
    return subprocess.Popen(
        [sys.executable, "-m", "nestmap", "migrate"],
        cwd=directory,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def end(process: subprocess.Popen) -> tuple[int, bytes]:
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_migrating_makes_the_documented_table(database):
    columns = {
        row.column_name: row.data_type for row in schema_of(database)[0] if row[0] == "session"
    }
    assert columns == {
        "sid": "character varying",
        "sess": "json",
        "expire": "timestamp without time zone",
        "created_at": "timestamp with time zone",
        "authenticated_at": "timestamp with time zone",
        "id": "text",
        "renewed_at": "timestamp with time zone",
        "user_id": "text",
        "user_version": "text",
        "idle": "integer",
        "absolute": "integer",
        "ip": "inet",
        "user_agent": "text",
        "writes": "ARRAY",
    }
    indexes = {row.indexname for row in schema_of(database)[1]}
    assert {"session_pkey", "IDX_session_expire"} <= indexes


def test_an_express_server_can_insert_without_our_columns(database):
    """It writes three columns and does not know the others."""
    database.execute(
        "insert into session (sess, expire, sid) select '{}', to_timestamp(1.5), 'x'"
        " on conflict (sid) do update set sess = '{}', expire = to_timestamp(1.5)"
    )
    assert database.value("select count(*) from session") == 1


def test_migrating_twice_changes_nothing(database, tmp_path):
    before = schema_of(database)
    done = nestmap("migrate", database_url=database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert schema_of(database) == before


@pytest.mark.long
def test_six_commands_at_once_all_succeed(empty_database, database, tmp_path):
    started = [begin_migrating(empty_database, tmp_path) for _ in range(6)]
    assert [end(process)[0] for process in started] == [0] * 6
    assert schema_of(empty_database) == schema_of(database)


@pytest.mark.long
def test_six_instances_at_once_on_an_empty_database_all_become_ready(
    empty_database, start_instance
):
    started = [start_instance.begin(empty_database.url) for _ in range(6)]
    for instance in started:
        instance.wait_until_ready(40)
    visitor = Visitor(*(instance.url for instance in started))
    assert visitor.register().status == 201
    assert all(visitor.signed_in(at=number) for number in range(6))


@pytest.mark.long
def test_six_instances_at_once_take_over_a_table_of_connect_pg_simple(
    empty_database, start_instance
):
    make_express_table(empty_database)
    started = [start_instance.begin(empty_database.url) for _ in range(6)]
    for instance in started:
        instance.wait_until_ready(40)
    rows = empty_database.all("select sid, sess, expire > now() at time zone 'utc' from session")
    assert sorted(rows) == [(f"express-{number}", DOCUMENT, True) for number in range(3)]


def test_a_table_of_connect_pg_simple_is_migrated_and_its_rows_are_kept(
    empty_database, database, tmp_path
):
    make_express_table(empty_database, rows=100)
    done = nestmap("migrate", database_url=empty_database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert schema_of(empty_database) == schema_of(database)
    rows = empty_database.all("select sess from session")
    assert [row.sess for row in rows] == [DOCUMENT] * 100


@pytest.mark.long
@pytest.mark.parametrize("statement", ["nestmap.users", "session", "nestmap.migrations"])
def test_a_migration_that_is_killed_in_the_middle_does_not_block_the_next(
    empty_database, database, tmp_path, statement
):
    """A lock of the test stops it at this statement, and it is killed there."""
    if statement == "session":
        make_express_table(empty_database)
        blocker = empty_database.transaction("lock table session in share mode")
    else:
        blocker = empty_database.transaction(
            f"create schema nestmap; create table {statement} (x int)"
        )
    with blocker:
        killed = begin_migrating(empty_database, tmp_path)
        empty_database.wait_for_blocked()
        killed.kill()
        end(killed)
    # It fails after 60 s; for a lock that stayed it would wait for 300 s.
    done = nestmap("migrate", database_url=empty_database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert schema_of(empty_database) == schema_of(database)


def test_rows_of_an_express_server_in_the_same_table_cause_no_error(database, start_instance):
    """Also a document that is not a session."""
    for number, document in enumerate(["{}", "[]", "7", '"x"', "null", '{"cookie": 1}']):
        database.execute(
            "insert into session (sid, sess, expire)"
            " values (%s, %s, now() at time zone 'utc' + interval '1 hour')",
            f"odd-{number}",
            document,
        )
    instance = start_instance(database.url)
    visitor = Visitor(instance.url)
    visitor.put_place("lisbon")
    assert visitor.place_ids() == ["lisbon"]
    database.execute('update session set sess = \'{"a": "\\u0000", "cookie": {}}\'')
    assert visitor.get("/api/places").status in {200, 503}


def test_the_stored_document_is_what_express_expects(database, start_instance):
    visitor = Visitor(start_instance(database.url).url)
    visitor.put_place("lisbon")
    visitor.register()
    (row,) = database.all("select sess, user_id from session")
    assert row.user_id is not None
    cookie = row.sess["cookie"]
    assert cookie.keys() == DOCUMENT["cookie"].keys()
    assert cookie["originalMaxAge"] == 43200000
    assert (cookie["httpOnly"], cookie["path"], cookie["secure"]) == (True, "/", False)
    assert "user" not in str(row.sess.keys() - {"cookie"}).lower()
