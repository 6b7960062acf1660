"""The lifetimes of a session: the SQL functions that compute them, and sessions over moved time."""

import json

import pytest

from nestmap.sessions import Client
from nestmap.sessions.planning import plan
from tests.support.layer import open_layer

IDLE, ABSOLUTE, TOUCH = 100, 1000, 60

# Times are in seconds from now, in the parameters and in the results.
CALL = """
with asked as (
    select
        %s::jsonb as row,
        %s as idle,
        %s as absolute,
        %s as touch
),
session_of_row as (
    select jsonb_populate_record(null::public.session, jsonb_build_object(
        'expire', now() at time zone 'utc' + (row ->> 'expire')::integer * interval '1 s',
        'created_at', now() + (row ->> 'created_at')::integer * interval '1 s',
        'authenticated_at', now() + (row ->> 'authenticated_at')::integer * interval '1 s',
        'renewed_at', now() + (row ->> 'renewed_at')::integer * interval '1 s',
        'user_id', row ->> 'user_id',
        'idle', row -> 'own_idle',
        'absolute', row -> 'own_absolute'
    )) as s
    from asked
)
select
    round(extract(epoch from nestmap.session_absolute_end(s, absolute) - now()))::integer as ends,
    nestmap.session_is_live(s, absolute) as is_live,
    nestmap.session_is_due(s, idle, touch) as is_due,
    round(extract(
        epoch from nestmap.session_renewed(s, idle, absolute) - now() at time zone 'utc'
    ))::integer as renewed
from session_of_row, asked
"""
NEW = {"expire": IDLE, "created_at": 0, "renewed_at": 0}


@pytest.fixture(params=["UTC", "Pacific/Chatham", "America/New_York"])
def ask(request, shared_database):
    """Return `ask(created_at=-5)`: the absolute end, alive?, due?, and the expiry of a renewal."""
    shared_database.execute(f"set timezone = '{request.param}'")

    def ask(**row):
        row = json.dumps(NEW | row)
        return tuple(shared_database.one(CALL, row, IDLE, ABSOLUTE, TOUCH))

    yield ask
    shared_database.close()


def test_a_new_session_is_alive_not_due_and_lives_its_idle_time(ask):
    assert ask() == (ABSOLUTE, True, False, IDLE)


@pytest.mark.parametrize(("expire", "alive"), [(1, True), (0, False), (-1, False)])
def test_it_is_over_at_the_time_in_its_column(ask, expire, alive):
    assert ask(expire=expire)[1] is alive


@pytest.mark.parametrize(("age", "alive"), [(999, True), (1000, False), (2000, False)])
def test_it_is_over_at_its_absolute_end_also_if_the_column_is_later(ask, age, alive):
    assert ask(created_at=-age, expire=IDLE)[:2] == (ABSOLUTE - age, alive)


def test_the_absolute_lifetime_counts_from_the_sign_in_once_there_is_one(ask):
    signed_in = {"created_at": -999, "authenticated_at": -10, "user_id": "7"}
    assert ask(**signed_in)[0] == ABSOLUTE - 10
    # Rows of other programs have no time of sign-in; without a user that time does not count.
    assert ask(**signed_in | {"authenticated_at": None})[0] == ABSOLUTE - 999
    assert ask(**signed_in | {"user_id": None})[0] == ABSOLUTE - 999


def test_lifetimes_of_the_session_replace_those_of_the_site(ask):
    own = {"own_idle": 5000, "own_absolute": 9000}
    assert ask(**own, created_at=-2000) == (7000, True, False, 5000)
    assert ask(own_idle=5, own_absolute=50, created_at=-50)[1] is False


def test_a_renewal_never_exceeds_the_absolute_end(ask):
    assert ask(created_at=-950)[3] == 50


@pytest.mark.parametrize("ahead", [1, 100_000])
def test_times_in_the_future_do_not_extend_the_life(ask, ahead):
    """They exist after a backup was restored or the clock was set back."""
    assert ask(created_at=ahead)[0] == ABSOLUTE
    assert ask(created_at=ahead, authenticated_at=ahead, user_id="7")[0] == ABSOLUTE


@pytest.mark.parametrize(
    ("renewed", "own_idle", "due"),
    [
        (-59, None, True),
        (-50, None, True),
        (-49, None, False),
        (-60, 5000, True),
        (-59, 5000, False),
        (-2, 4, True),
        (-1, 4, False),
        (None, None, True),
        (5, None, False),
        (3600, None, True),
    ],
)
def test_it_is_due_after_the_touch_interval_or_half_of_a_shorter_idle_time(
    ask, renewed, own_idle, due
):
    assert ask(renewed_at=renewed, own_idle=own_idle)[2] is due


# Sessions over moved time

DAY, HOUR = 86400, 3600
MOVE = """
with passed as (select %s * interval '1 s' as seconds)
update session set
    expire = expire - seconds,
    created_at = created_at - seconds,
    authenticated_at = authenticated_at - seconds,
    renewed_at = renewed_at - seconds
from passed
"""


@pytest.fixture
def layer(database):
    with open_layer(database.url) as layer:
        yield layer


@pytest.fixture
def later(database):
    """Return `later(seconds)`, which moves the times of every session into the past."""
    return lambda seconds: database.execute(MOVE, seconds)


def request(layer, sid, change):
    """Load a session, change it and commit it; return the session as loaded, and the stored row."""

    async def ask():
        session = await layer.sessions.load([sid] if sid else [])
        change(session)
        write = plan(session, Client)
        return session, await layer.sessions.commit(write) if write else None

    return layer.run(ask())


def sign_in(session):
    session.sign_in("ada")


@pytest.mark.long
def test_a_session_that_is_written_every_20_seconds_is_signed_in_after_13_hours(layer, later):
    _, written = request(layer, None, sign_in)
    renewals = 0
    for number in range(13 * HOUR // 20):
        later(20)
        session, row = request(layer, written.sid, lambda s, n=number: s.update(n=n))
        assert session.user == "ada"
        assert row.sid == written.sid
        renewals += row.max_age is not None
    # It is renewed once a minute, not with each write.
    assert renewals == 13 * HOUR // 60


def test_an_unused_session_ends_after_its_idle_time(layer, later):
    _, written = request(layer, None, sign_in)
    later(12 * HOUR - 5)
    assert request(layer, written.sid, dict)[0].user == "ada"
    later(12 * HOUR + 5)
    assert request(layer, written.sid, dict)[0].lapsed.reason == "expired"


def test_a_sign_in_after_nearly_7_days_lasts_7_days_more(layer, later):
    sid = request(layer, None, lambda session: session.update(a=1))[1].sid
    for _ in range(14):
        later(12 * HOUR - 60)
        session, row = request(layer, sid, dict)
        assert session["a"] == 1
        assert row.sid == sid
    later(13 * 60)
    written = request(layer, sid, sign_in)[1]
    assert written.max_age == pytest.approx(12 * HOUR, abs=60)
    for _ in range(14):
        later(12 * HOUR - 60)
        assert request(layer, written.sid, dict)[0].user == "ada"
    session = request(layer, written.sid, dict)[0]
    left = session.stored.absolute_expires_at - session.authenticated_at
    assert left == pytest.approx(7 * DAY, abs=1)
    later(15 * 60)
    assert request(layer, written.sid, dict)[0].lapsed.reason == "expired"


def test_confirming_the_password_begins_the_absolute_lifetime_again(layer, later):
    written = request(layer, None, sign_in)[1]
    later(6 * HOUR)
    session, confirmed = request(layer, written.sid, lambda session: session.confirm())
    assert confirmed.sid != written.sid
    assert confirmed.authenticated_at > session.authenticated_at + 6 * HOUR - 60
    assert request(layer, written.sid, dict)[0].lapsed.reason == "rotated"
    assert request(layer, confirmed.sid, dict)[0].user == "ada"


def test_a_sign_in_with_longer_lifetimes_outlives_those_of_the_site(layer, later):
    def remember(session):
        session.sign_in("ada", idle=30 * DAY, absolute=90 * DAY)

    written = request(layer, None, remember)[1]
    assert written.max_age == pytest.approx(30 * DAY, abs=60)
    for _ in range(3):
        later(29 * DAY)
        session, row = request(layer, written.sid, dict)
        assert session.user == "ada"
    # The rest of the 90 days, not another 30 days.
    assert row.max_age == pytest.approx(3 * DAY, abs=60)
    # A later sign-in without own lifetimes has those of the site again.
    again = request(layer, written.sid, sign_in)[1]
    assert again.max_age == pytest.approx(12 * HOUR, abs=60)


@pytest.mark.parametrize(("touch", "renewed"), [(0, True), (60, False)])
def test_a_session_in_use_is_renewed_as_often_as_the_option_says(database, touch, renewed):
    with open_layer(database.url, touch=touch) as layer:
        sid = request(layer, None, lambda session: session.update(a=1))[1].sid
        assert (request(layer, sid, dict)[1] is not None) is renewed
        changed = request(layer, sid, lambda session: session.update(a=2))[1]
        assert (changed.max_age is not None) is renewed


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.update(a=1),
        lambda session: session.rotate(),
        lambda session: session.confirm(),
        lambda session: session.sign_in("ada"),
        lambda session: session.sign_in("ada", idle=DAY, absolute=30 * DAY),
        dict,
    ],
    ids=["change", "rotation", "confirmation", "sign-in", "sign-in with lifetimes", "renewal"],
)
@pytest.mark.parametrize("own", [{}, {"idle": DAY, "absolute": 2 * DAY}], ids=["site", "own"])
def test_a_write_tells_the_expiry_and_the_absolute_end_as_the_next_load_does(
    layer, later, change, own
):
    inserted = request(layer, None, lambda session: session.sign_in("ada", **own))[1]
    assert times(inserted) == times(request(layer, inserted.sid, list)[0].stored)
    later(HOUR)
    written = request(layer, inserted.sid, change)[1]
    assert times(written) == times(request(layer, written.sid, list)[0].stored)


def times(row):
    return round(row.expires_at, 3), round(row.absolute_expires_at, 3)
