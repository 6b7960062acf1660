"""G19: a running site detects changes of the record of events, by checking slices of the chain."""

import pytest

from nestmap.sessions import Source
from nestmap.sessions.chain import ChainWatch
from tests.support.layer import open_layer
from tests.support.metrics import Metrics
from tests.support.ports import free_port
from tests.support.waiting import wait_until

EVENTS = 10
LINKS = 3
CHECKS_OF_A_WALK = EVENTS // LINKS + 1


@pytest.fixture
def layer(database):
    with open_layer(database.url, events=True) as layer:
        yield layer


@pytest.fixture
def watch(layer):
    """Return a watch with small slices, on a chain of ten links."""
    record(layer, EVENTS)
    layer.run(layer.sessions.seals.seal())
    return ChainWatch(layer.sessions._reports, LINKS)  # noqa: SLF001


def record(layer, count: int) -> None:
    events = [Source(ip="192.0.2.1").event("command") for _ in range(count)]
    layer.run(layer.sessions.events.add(*events))


def walk(layer, watch: ChainWatch) -> None:
    for _ in range(CHECKS_OF_A_WALK):
        layer.run(watch.check())


def test_an_unchanged_chain_is_checked_repeatedly_without_a_fault(layer, watch):
    walk(layer, watch)
    assert watch.links == EVENTS
    walk(layer, watch)
    assert watch.links == 2 * EVENTS
    assert watch.faults == 0


def test_a_clock_that_is_set_back_between_an_event_and_its_seal_is_no_fault(layer, watch, database):
    record(layer, 1)
    database.execute("update nestmap.events set at = at + interval '1 minute' where id = 11")
    layer.run(layer.sessions.seals.seal())
    walk(layer, watch)
    assert watch.faults == 0
    assert layer.run(layer.sessions.seals.verify()) == []


@pytest.mark.parametrize(
    "change",
    [
        "update nestmap.events set ip = '192.0.2.2' where id = 7",
        "delete from nestmap.events where id = 7",
        "delete from nestmap.event_seals where number = 7",
        "update nestmap.event_seals set hash = sha256('another') where number = 10",
        "update nestmap.events set at = at + interval '1 day' where id = 4",
    ],
)
def test_a_change_is_found_within_one_pass(layer, watch, database, change):
    database.execute(change)
    walk(layer, watch)
    assert watch.faults >= 1


def test_it_reports_faults_until_a_whole_pass_finds_none(layer, watch, database):
    database.execute("update nestmap.events set ip = '192.0.2.2' where id = 7")
    walk(layer, watch)
    database.execute("update nestmap.events set ip = '192.0.2.1' where id = 7")
    layer.run(watch.check())
    assert watch.faults == 1
    walk(layer, watch)
    assert watch.faults == 0


def test_a_removed_head_is_detected(layer, watch, database):
    layer.run(watch.check())
    database.execute("delete from nestmap.event_seals where number > 8")
    database.execute("delete from nestmap.events where id > 8")
    layer.run(watch.check())
    assert watch.faults == 1
    record(layer, 2)
    layer.run(layer.sessions.seals.seal())
    walk(layer, watch)
    assert watch.faults == 1


def test_events_without_a_seal_are_counted(layer, watch):
    record(layer, 4)
    layer.run(watch.check())
    assert watch.unsealed == 4


def test_a_pruned_chain_has_no_fault(layer, watch, database):
    database.execute("update nestmap.event_seals set sealed_at = sealed_at - interval '100 days'")
    database.execute("update nestmap.events set at = at - interval '100 days'")
    database.execute(
        "do $$ declare v_last bytea; v_seal nestmap.event_seals; begin"
        " select hash into v_last from nestmap.event_seals where number = 0;"
        " for v_seal in select * from nestmap.event_seals where number > 0 order by number loop"
        "   v_last := nestmap.event_hash(v_last, v_seal.number, v_seal.sealed_at, e)"
        "     from nestmap.events as e where e.id = v_seal.event_id;"
        "   update nestmap.event_seals set hash = v_last where number = v_seal.number;"
        " end loop; end $$"
    )
    record(layer, 2)
    assert layer.run(layer.sessions.seals.prune(30)) == EVENTS
    layer.run(layer.sessions.seals.seal())
    walk(layer, watch)
    assert watch.faults == 0


def test_a_site_logs_a_broken_chain(layer, watch, database, start_instance):
    database.execute("update nestmap.events set ip = '192.0.2.2' where id = 7")
    port = free_port()
    site = start_instance(database.url, METRICS_PORT=port)
    Metrics(port).wait_for("nestmap_events_chain_faults", 1)
    wait_until(lambda: "the chain of events is broken" in site.output, "the line in the log")
