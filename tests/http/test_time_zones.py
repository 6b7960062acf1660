"""G10: expiry is right in every TimeZone of the server and on the days clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.instance import ROOT
from tests.support.sids import sid_of
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

ZONES = ["UTC", "America/New_York", "Pacific/Chatham", "Asia/Kathmandu"]
# On any date long enough to cross a clock change in New York and on the Chatham Islands.
HALF_A_YEAR = 182 * 86400


@pytest.fixture(scope="module")
def instance(shared_database, start_shared_instance):
    """Start an instance whose sessions live for half a year."""
    long = {"SESSION_TTL_SECONDS": HALF_A_YEAR, "SESSION_ABSOLUTE_TTL_SECONDS": 2 * HALF_A_YEAR}
    return start_shared_instance(shared_database.url, **long)


@pytest.fixture(scope="module")
def far(shared_database, start_shared_instance):
    """Start an instance in time zones of its own."""
    zones = {"TZ": "Pacific/Apia", "PGTZ": "America/Los_Angeles"}
    return start_shared_instance(shared_database.url, **zones)


@pytest.fixture(params=ZONES)
def database(request, cluster, shared_database, instance, far):
    """Give the database a time zone, which connections have from their begin on."""
    database = shared_database
    database.execute(f"alter database \"{database.name}\" set timezone = '{request.param}'")
    database.close()
    cluster.terminate_backends(database)
    assert database.value("show timezone") == request.param
    for visitor in (Visitor(instance.url), Visitor(far.url)):
        # /readyz may be a second old, and of another connection.
        wait_until(
            lambda visitor=visitor: visitor.put_place("lisbon").status == 201,
            "the instances to connect again",
        )
    database.execute("delete from session")
    return database


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_the_stored_expiry_is_utc_and_right_across_a_change_of_clocks(instance, database):
    visitor = Visitor(instance.url)
    assert visitor.put_place("lisbon").status == 201
    expected = datetime.now(UTC) + timedelta(seconds=HALF_A_YEAR)
    stored = database.value("select expire from session").replace(tzinfo=UTC)
    told = moment(visitor.session()["session"]["expires_at"])
    for expires in (stored, told):
        assert abs(expires - expected) < timedelta(minutes=1)
    document = database.value("select sess -> 'cookie' ->> 'expires' from session")
    assert abs(moment(document) - expected) < timedelta(minutes=1)


def test_the_idle_lifetime_is_exact_to_half_a_minute(instance, database):
    visitor = Visitor(instance.url)
    assert visitor.put_place("lisbon").status == 201
    sid = sid_of(visitor, database)
    move = "update session set expire = (now() at time zone 'utc') + %s::interval where sid = %s"
    database.execute(move, "30 seconds", sid)
    alive = visitor.twin()
    assert alive.place_ids() == ["lisbon"]
    database.execute(move, "-30 seconds", sid)
    assert visitor.places() == []


def test_the_absolute_lifetime_is_exact_to_half_a_minute(instance, database):
    visitor = Visitor(instance.url)
    assert visitor.put_place("lisbon").status == 201
    sid = sid_of(visitor, database)
    move = (
        "update session set created_at = now() - make_interval(secs => %s),"
        " expire = (now() at time zone 'utc') + interval '1 day' where sid = %s"
    )
    database.execute(move, 2 * HALF_A_YEAR - 30, sid)
    alive = visitor.twin()
    assert alive.place_ids() == ["lisbon"]
    database.execute(move, 2 * HALF_A_YEAR + 30, sid)
    assert visitor.places() == []


def test_instances_in_different_time_zones_agree(far, database):
    visitor = Visitor(far.url)
    assert visitor.put_place("lisbon").status == 201
    told = moment(visitor.session()["session"]["expires_at"])
    assert abs(told - datetime.now(UTC) - timedelta(hours=12)) < timedelta(minutes=1)
    assert database.value(
        "select expire - (now() at time zone 'utc') between '11:59' and '12:01'"
        " from session where sid = %s",
        sid_of(visitor, database),
    )


def test_the_cookie_lasts_as_long_as_the_row_also_if_the_clock_of_the_instance_is_wrong(
    shared_database, start_instance, tmp_path
):
    database = shared_database
    database.execute("delete from session")
    fast = "import time; now = time.time; time.time = lambda: now() + 5000"
    (tmp_path / "sitecustomize.py").write_text(fast)
    instance = start_instance(database.url, PYTHONPATH=f"{tmp_path}:{ROOT}")
    visitor = Visitor(instance.url)
    (cookie,) = visitor.put_place("lisbon").cookies
    assert int(cookie.attributes["max-age"]) == 12 * 3600
    database.execute(
        "update session set created_at = now() - interval '6 days 23 hours',"
        " renewed_at = renewed_at - interval '2 minutes'"
    )
    (cookie,) = visitor.put_place("oslo").cookies
    assert int(cookie.attributes["max-age"]) == pytest.approx(3600, abs=5)
