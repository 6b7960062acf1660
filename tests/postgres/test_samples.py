"""G22: a large table is counted once a minute, by one instance; its history is kept."""

import asyncio

import pytest

from nestmap.sessions import NotSampled
from tests.support.layer import open_layer
from tests.support.waiting import wait_until

LARGE = "update pg_class set reltuples = 1e7, relpages = 1 where oid = 'session'::regclass"
SEED = """
insert into session (sid, sess, expire, user_id, created_at, authenticated_at)
select
    'seed-' || n, '{"cookie": {}}', (now() at time zone 'utc') + n * interval '1 min',
    case when n % 2 = 0 then 'user-' || n % 3 end, now() - interval '1 hour',
    now() - interval '1 hour'
from generate_series(-3, 10) as n
"""
SLOW = """
create or replace function nestmap.session_is_live(s session, p_absolute integer) returns boolean
language plpgsql as 'begin perform pg_sleep(1); return true; end'
"""
SAMPLE = """
insert into nestmap.session_samples values (
    60, date_trunc('hour', now()) - %s::interval, 100, 50, 20, 10, 8192, 1, 2, 3, 4, '{"sign_in_failed": 5}', 0
)
"""


@pytest.fixture
def layer(database):
    """Make a layer on a table without autovacuum."""
    database.execute("alter table session set (autovacuum_enabled = off)")
    with open_layer(database.url, events=True) as layer:
        yield layer


def figures(layer, **options):
    return layer.run(layer.sessions.admin.figures(**options))


def age(database, interval):
    """Move all samples into the past."""
    database.execute("update nestmap.session_samples set at = at - %s::interval", interval)


def test_a_small_table_is_counted_during_the_request(layer, database):
    database.execute(SEED)
    counted = figures(layer)
    assert counted.exact
    assert (counted.total, counted.active, counted.expired) == (14, 10, 4)
    assert (counted.authenticated, counted.anonymous, counted.users) == (5, 5, 3)


def test_the_figures_of_a_large_table_are_those_of_the_last_sample(layer, database):
    database.execute(SEED)
    counted = figures(layer)
    assert layer.run(layer.sessions.samples.take())
    database.execute(LARGE)
    database.execute("delete from session")
    sampled = figures(layer)
    assert not sampled.exact
    names = ("total", "active", "expired", "authenticated", "anonymous", "users")
    assert [getattr(sampled, n) for n in names] == [getattr(counted, n) for n in names]
    assert sampled.table_bytes > 0
    assert sampled.at == database.value(
        "select extract(epoch from at)::float8 from nestmap.session_samples"
    )


def test_without_a_sample_a_large_table_is_counted_only_with_patient_true(layer, database):
    database.execute(SEED)
    database.execute(LARGE)
    with pytest.raises(NotSampled):
        figures(layer)
    assert figures(layer, patient=True).total == 14


def test_a_table_that_takes_too_long_to_count_shows_the_last_sample(layer, database):
    database.execute(SEED)
    layer.run(layer.sessions.samples.take())
    database.execute(SLOW)
    assert not figures(layer).exact


def test_only_one_of_several_instances_takes_a_sample(layer, database):
    async def all_at_once():
        return await asyncio.gather(*(layer.sessions.samples.take() for _ in range(6)))

    assert sorted(layer.run(all_at_once())) == [False] * 5 + [True]
    assert layer.run(layer.sessions.samples.take()) is False, "the last one is of this minute"
    age(database, "1 min")
    assert layer.run(layer.sessions.samples.take()) is True


def test_an_instance_does_not_wait_while_another_takes_a_sample(layer, database):
    lock = "select pg_advisory_xact_lock(hashtextextended('sample session', 0))"
    with database.transaction(lock):
        assert layer.run(layer.sessions.samples.take()) is False


def test_a_sample_counts_the_events_since_the_previous_one(layer, database):
    database.execute(SEED)
    layer.run(layer.sessions.samples.take())
    age(database, "1 min")
    database.execute(
        "update session set expire = (now() at time zone 'utc') - interval '10 s' where sid = 'seed-1'"
    )
    database.execute(
        "update session set authenticated_at = now() where sid in ('seed-2', 'seed-4')"
    )
    database.execute(
        "insert into session (sid, sess, expire)"
        " values ('new', '{}', (now() at time zone 'utc') + interval '1 h')"
    )
    (ended,) = database.one("select id from session where sid = 'seed-6'")
    assert layer.run(layer.sessions.admin.end(ended)) == 1
    database.execute(
        "insert into nestmap.events (kind) select 'sign_in_failed' from generate_series(1, 3)"
    )
    layer.run(layer.sessions.seals.seal())
    assert layer.run(layer.sessions.samples.take())
    *_, last = layer.run(layer.sessions.admin.history(3600, 1))
    assert (last.created, last.signed_in, last.ended, last.expired) == (1, 2, 1, 2)
    assert last.events["sign_in_failed"] == 3
    age(database, "1 min")
    layer.run(layer.sessions.samples.take())
    *_, last = layer.run(layer.sessions.admin.history(3600, 1))
    assert last.events == {}, "each event is counted once"


def test_minutes_are_kept_for_two_days_then_hours_for_400_days(layer, database):
    for moment in ("47 hours", "49 hours 59 min", "49 hours 58 min"):
        database.execute(SAMPLE, moment)
    hour = "insert into nestmap.session_samples select 3600, now() - %s::interval,"
    hour += " 1, 1, 1, 1, 1, 1, 1, 1, 1, '{}', 0"
    database.execute(hour, "399 days")
    database.execute(hour, "401 days")
    layer.run(layer.sessions.samples.keep_hours())
    rows = database.all("select * from nestmap.session_samples order by at")
    assert [row.seconds for row in rows] == [3600, 3600, 60]
    joined = rows[1]
    assert (joined.total, joined.active, joined.users) == (100, 50, 10)
    assert (joined.created, joined.signed_in, joined.ended, joined.expired) == (2, 4, 6, 8)
    assert joined.events == {"sign_in_failed": 10}
    assert joined.at.timestamp() % 3600 == 0
    assert layer.run(layer.sessions.samples.keep_hours()) == 0


def test_a_running_instance_takes_samples_by_itself(database, start_instance):
    start_instance(database.url)
    wait_until(
        lambda: database.value("select count(*) from nestmap.session_samples") == 1, "a sample"
    )
