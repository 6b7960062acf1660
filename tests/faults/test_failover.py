"""The primary fails, a synchronous standby takes its place, and DATABASE_URL names both."""

import pytest

from tests.support.cluster import PASSWORD, Cluster
from tests.support.commands import nestmap
from tests.support.outages import Outage
from tests.support.relay import UPDATE, Relay
from tests.support.standby import Standby
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

OURS = "select count(*) from pg_stat_activity where application_name = 'nestmap'"


@pytest.fixture
def primary(tmp_path):
    primary = Cluster()
    database = primary.create()
    done = nestmap("migrate", database_url=database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    yield primary
    primary.remove()


@pytest.fixture
def standby(primary):
    standby = Standby(primary)
    yield standby
    standby.remove()


@pytest.fixture
def site(primary, standby, start_instance):
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    return start_instance(f"postgresql://postgres:{PASSWORD}@{hosts}/nestmap_1")


@pytest.fixture
def outage(primary, relay):
    return Outage(primary, primary.database("nestmap_1"), relay)


def test_a_primary_that_dies_is_replaced_and_not_used_when_it_comes_back(
    primary, standby, crowd, outage
):
    with crowd:
        crowd.go_on(0.5)
        with outage.failed_over(primary.crash, to=standby):
            crowd.go_on(1.0)
        crowd.go_on(1.3)
    outage.assert_promises_kept(crowd, within=5)
    (primary.data / "standby.signal").touch()
    primary.start()
    standby.terminate_backends(standby.database("nestmap_1"))
    with crowd:
        crowd.go_on(1.0)
    crowd.assert_nothing_lost()
    assert [asked for asked in crowd.of_members[-12:] if not asked.good] == []
    old = primary.database("postgres")
    assert old.value("select pg_is_in_recovery()")
    wait_until(lambda: old.value(OURS) == 0, "the old primary to be left alone")
    old.close()


def test_connections_to_a_demoted_primary_are_closed(primary, standby, crowd, outage):
    """The old primary still answers: reads return old data, writes fail."""
    old = primary.database("postgres")

    def demote() -> None:
        old.execute("alter system set default_transaction_read_only = on")
        old.execute("select pg_reload_conf()")

    with crowd:
        crowd.go_on(0.5)
        with outage.failed_over(demote, to=standby):
            crowd.go_on(0.5)
        crowd.go_on(1.3)
    outage.assert_promises_kept(crowd, within=5)
    wait_until(lambda: old.value(OURS) == 0, "the old primary to be left alone")
    old.close()


def test_a_change_that_the_old_primary_carried_out_is_not_carried_out_again(
    primary, standby, start_instance
):
    """Its standby had it, the answer was lost, and another tab replaced it before the repeat."""
    relay = Relay(primary.port)
    try:
        hosts = f"127.0.0.1:{relay.port},127.0.0.1:{standby.port}"
        url = f"postgresql://postgres:{PASSWORD}@{hosts}/nestmap_1"
        visitor = Visitor(*(start_instance(url).url for _ in range(2)))
        assert visitor.put_place("kyoto", "before").status == 201
        relay.hold_answer(UPDATE)
        first = visitor.send_place("kyoto", "first")
        relay.wait_for_held()
        primary.crash()
        standby.promote()
        relay.refuse()
        relay.release()
        wait_until(lambda: visitor.put_place("kyoto", "second", at=1).status == 200, "a primary")
        assert first.answer().status in {200, 503}
        assert [place["name"] for place in visitor.places()] == ["second"]
    finally:
        relay.close()
