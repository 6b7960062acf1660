"""The role that serves has the rights that the site needs, and no others."""

import psycopg2
import pytest

from tests.support.commands import nestmap
from tests.support.database import Database
from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def serving(shared_database) -> Database:
    """Connect to the database as the role that serves."""
    return Database(shared_database.serving_url)


@pytest.mark.parametrize(
    "statement",
    [
        "update nestmap.events set kind = 'x'",
        "delete from nestmap.events",
        "truncate nestmap.events",
        "insert into nestmap.events (kind, at) values ('signed_in', now() - interval '1 day')",
        "insert into nestmap.events (id, kind) overriding system value values (7, 'signed_in')",
        "delete from nestmap.event_seals",
        "update nestmap.event_seals set hash = ''",
        "insert into nestmap.event_seals values (99, 1, now(), '')",
        "delete from nestmap.unsealed_events",
        "alter table nestmap.events disable trigger events_queue",
        "delete from nestmap.migrations",
        "drop table session",
        "alter table session add column x text",
        "create table nestmap.mine (x text)",
        "create table public.mine (x text)",
        "create function nestmap.mine() returns int language sql return 1",
    ],
)
def test_the_serving_role_cannot_change_recorded_events_or_the_schema(serving, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        serving.execute(statement)


def test_it_prunes_only_events_older_than_30_days(serving, shared_database):
    serving.all('select nestmap.add_event(\'{"kind": "signed_in"}\')')
    serving.all("select * from nestmap.seal_events(1000)")
    assert serving.value("select nestmap.prune_events(0, 1000)") == 0
    assert shared_database.value("select count(*) > 0 from nestmap.events")


def test_a_start_without_the_right_to_migrate_is_not_ready_and_logs_the_command_to_run(
    cluster, empty_database, start_instance, template, tmp_path
):
    site = start_instance.begin(empty_database.serving_url)
    visitor = Visitor(site.url)
    # It does not answer until it listens.
    wait_until(lambda: site.readiness() == 503, "the instance to answer")
    assert "python -m nestmap migrate" in visitor.get("/readyz").json["error"]["message"]
    assert visitor.get("/livez").status == 200
    done = nestmap("migrate", database_url=empty_database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    cluster.grant_serving(empty_database)
    site.wait_until_ready()
    assert visitor.register(password=PASSWORD).status == 201
