"""No statement of a request reads the whole table, so its cost does not grow with the sessions.

The plan of a function is made once per connection: here while the table is nearly empty, which is
when reading it whole is cheapest.
"""

import pytest

from nestmap.sessions import Client
from nestmap.sessions.planning import plan
from tests.support.layer import open_layer
from tests.support.waiting import wait_until

MANY = 20_000
FEW = 3
# From the sixth call on, PostgreSQL may use one plan for all parameters.
CALLS = 8
FILL = """
insert into session (sid, sess, expire, id, user_id, authenticated_at, renewed_at, ip)
select
    'filled-' || n, '{"cookie": {}}', now() at time zone 'utc' + interval '6 h',
    'filled-' || n, 'user-' || n, now(), now() - interval '10 min', inet '10.0.0.1' + (n & 4095)
from generate_series(%s, %s) as n
"""
READ = """
select seq_tup_read + (
    select sum(idx_tup_read) from pg_stat_user_indexes where relid = 'session'::regclass
)
from pg_stat_user_tables
where relid = 'session'::regclass
"""
CONNECTED = (
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and application_name = 'nestmap'"
)
VERBS = {
    "load": dict,
    "change": lambda session: session.update(n=1),
    "rotate": lambda session: session.rotate(),
    "sign in": lambda session: session.sign_in("ada"),
    "end": lambda session: session.end(),
}
SEARCHES = {
    "newest": lambda admin, cursor: admin.page(cursor),
    "users": lambda admin, cursor: admin.search(
        user_ids=[f"user-{MANY + n}" for n in range(5)], cursor=cursor
    ),
    "address": lambda admin, cursor: admin.search(network="10.0.0.9", cursor=cursor),
    "network": lambda admin, cursor: admin.search(network="10.0.0.0/8", cursor=cursor),
    "id": lambda admin, _: admin.search(public_id=f"filled-{MANY}"),
}


@pytest.fixture(params=["analyzed", "not analyzed"])
def small(request, database):
    """Return a table with few rows."""
    database.execute("alter table session set (autovacuum_enabled = off)")
    database.execute(FILL, 1, FEW)
    if request.param == "analyzed":
        database.execute("analyze session")
    return database


async def ask(sessions, sid, verb):
    """Make one request and return the sid of the session after it."""
    session = await sessions.load([sid] if sid else [])
    verb(session)
    write = plan(session, Client)
    written = await sessions.commit(write) if write else None
    return written.sid if written else sid


async def visit(sessions, verb):
    """Begin a session, apply a verb and load it again; repeat this."""
    for _ in range(CALLS):
        await ask(sessions, None, VERBS["sign in"])
        sid = await ask(sessions, None, VERBS["change"])
        sid = await ask(sessions, sid, verb)
        await ask(sessions, sid, VERBS["load"])


async def be_due(sessions, first):
    """Load sessions that are due for renewal."""
    for number in range(first, first + FEW):
        assert await ask(sessions, f"filled-{number}", VERBS["load"])


async def administrate(sessions, first):
    for number in range(first, first + CALLS):
        (listed,) = await sessions.admin.list(f"user-{number}")
        assert await sessions.admin.end(listed.id) == 1
        assert await sessions.admin.end_user(f"user-{number}") == 0


def rows_read(database, url, before, after, **options):
    """Do `before` with few sessions and `after` with many; return the rows and index entries read."""
    with open_layer(url, **options) as layer:
        layer.run(before(layer.sessions))
        database.execute(FILL, MANY, 2 * MANY)
        layer.run(after(layer.sessions))
    # PostgreSQL adds the counts of a connection when it ends.
    wait_until(lambda: database.value(CONNECTED) == 0, "the connections of the layer to end")
    return database.value(READ)


@pytest.mark.parametrize("verb", VERBS)
def test_a_request_reads_its_own_session_only(small, verb):
    def work(sessions):
        return visit(sessions, VERBS[verb])

    options = {"sessions_per_user": 5, "events": True}
    read = rows_read(small, small.url, work, work, **options)
    assert read < MANY


def test_a_renewal_reads_its_own_session_only(small):
    read = rows_read(small, small.url, lambda s: be_due(s, 1), lambda s: be_due(s, MANY))
    assert read < MANY
    renewed = "select count(*) from session where renewed_at > now() - interval '1 min'"
    assert small.value(renewed) == 2 * FEW


def test_ending_the_sessions_of_one_user_reads_these_only(small):
    small.execute(FILL, FEW + 1, FEW + CALLS)
    read = rows_read(
        small, small.url, lambda s: administrate(s, FEW + 1), lambda s: administrate(s, MANY)
    )
    assert read < MANY


@pytest.mark.parametrize("read", SEARCHES)
def test_a_page_of_a_list_reads_that_page_only(small, read):
    async def work(sessions):
        page = await SEARCHES[read](sessions.admin, None)
        for _ in range(CALLS if page.next else 0):
            page = await SEARCHES[read](sessions.admin, page.next)
            assert len(page.sessions) == 25

    assert rows_read(small, small.url, work, work) < MANY


def test_expired_sessions_are_passed_over_a_bounded_number_at_a_time(small):
    async def work(sessions):
        small.execute("update session set expire = now() - interval '1 day'")
        page = await sessions.admin.page()
        assert page.sessions == []
        assert bool(page.next) == (small.value("select count(*) from session") > MANY)

    read = rows_read(small, small.url, work, work)
    # The test reads and counts all of them.
    assert read < 4 * MANY


def test_figures_of_a_large_table_read_the_last_sample_only(small):
    async def work(sessions):
        await sessions.samples.take(0)

    async def ask_for_figures(sessions):
        figures = await sessions.admin.figures()
        assert (figures.exact, figures.total) == (False, FEW)

    # As large as PostgreSQL may think the table is.
    estimate = "update pg_class set reltuples = 1e7, relpages = 1 where oid = 'session'::regclass"
    with open_layer(small.url) as layer:
        layer.run(work(layer.sessions))
    small.execute(estimate)
    assert rows_read(small, small.url, ask_for_figures, ask_for_figures) < MANY


def test_a_scan_of_the_table_is_detected(small):
    async def count(sessions):
        await sessions.admin.stats()

    assert rows_read(small, small.url, count, count) >= MANY
