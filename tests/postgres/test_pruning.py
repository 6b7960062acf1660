"""G12: expired rows are deleted in batches, by one instance at a time; a used session never is."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.commands import nestmap
from tests.support.sids import sid_of
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

SEED = """
insert into session (sid, sess, expire)
select 'n-' || n, '{"cookie":{}}', (now() at time zone 'utc') + %s::interval
from generate_series(1, %s) as n
"""


def prune(database, directory) -> subprocess.CompletedProcess[str]:
    return nestmap("prune", database_url=database.url, directory=directory)


def test_pruning_deletes_expired_rows_and_prints_their_number(database, tmp_path):
    database.execute(SEED, "-1 second", 2500)
    database.execute(
        "insert into session (sid, sess, expire)"
        " values ('alive', '{}', (now() at time zone 'utc') + interval '10 seconds')"
    )
    pruned = prune(database, tmp_path)
    assert pruned.returncode == 0, pruned.stderr
    assert "2500" in pruned.stdout.replace(",", "")
    assert [row.sid for row in database.all("select sid from session")] == ["alive"]


@pytest.mark.parametrize("zone", ["Pacific/Chatham", "America/New_York"])
def test_pruning_is_right_in_every_time_zone(database, tmp_path, zone):
    database.execute(f"alter database \"{database.name}\" set timezone = '{zone}'")
    database.close()
    database.execute(SEED, "30 seconds", 5)
    prune(database, tmp_path)
    assert database.value("select count(*) from session") == 5


def test_a_session_in_use_is_not_deleted(database, tmp_path):
    database.execute(SEED, "-1 second", 3)
    with database.transaction("select from session where sid = 'n-2' for update"):
        pruned = prune(database, tmp_path)
        assert pruned.returncode == 0, pruned.stderr
        assert [row.sid for row in database.all("select sid from session")] == ["n-2"]


def test_a_session_that_was_just_renewed_is_not_deleted(database, tmp_path):
    """Its expiry is checked again after its row was locked."""
    database.execute(SEED, "-1 second", 1)
    renew = "update session set expire = expire + interval '1 hour'"
    with database.transaction(renew):
        assert prune(database, tmp_path).returncode == 0
    database.execute(renew)
    assert prune(database, tmp_path).returncode == 0
    assert database.value("select count(*) from session") == 1


def test_two_prunings_at_once_both_succeed(database, tmp_path):
    database.execute(SEED, "-1 second", 5000)
    with ThreadPoolExecutor() as threads:
        both = list(threads.map(lambda _: prune(database, tmp_path), range(2)))
    assert [each.returncode for each in both] == [0, 0], both
    prune(database, tmp_path)
    assert database.value("select count(*) from session") == 0


@pytest.mark.long
def test_a_running_instance_prunes_by_itself(database, start_instance):
    database.execute(SEED, "-1 second", 1500)
    instance = start_instance(database.url, SESSION_PRUNE_SECONDS=1)
    visitor = Visitor(instance.url)
    visitor.put_place("lisbon")
    sid = sid_of(visitor, database)
    wait_until(lambda: database.value("select count(*) from session") == 1, "the instance to prune")
    assert sid_of(visitor, database) == sid


def test_an_instance_with_prune_seconds_0_does_not_prune(database, start_instance):
    database.execute(SEED, "-1 second", 3)
    off = start_instance(database.url, SESSION_PRUNE_SECONDS=0)
    Visitor(off.url).put_place("lisbon")
    assert off.stop() == 0
    assert database.value("select count(*) from session") == 4
