"""The history of the figures for administrators: as JSON, as curves and as a table."""

from datetime import datetime

import pytest

from tests.support.page import Page
from tests.support.visitor import Visitor

HISTORY = "/api/admin/history"
KEYS = {"at", "total", "active", "authenticated", "anonymous", "users", "new", "signed_in", "ended"}
KEYS |= {"expired", "failed_sign_ins", "table_bytes"}
SAMPLES = """
insert into nestmap.session_samples
select 60, now() - n * interval '1 min', 120, 100, 40, 30, 8192, 1, 2, 3, 4, '{"sign_in_failed": 5}'::jsonb, 0
from generate_series(5, 1440) as n
union all
select 3600, now() - n * interval '1 hour', 12, 10, 4, 3, 8192, 1, 2, 3, 4, '{}', 0
from generate_series(49, 700) as n
on conflict do nothing
"""


@pytest.fixture(scope="module")
def admin(new_admin) -> Visitor:
    return new_admin()


@pytest.fixture
def samples(shared_database):
    shared_database.execute("delete from nestmap.session_samples")
    shared_database.execute(SAMPLES)


@pytest.mark.parametrize(("span", "days"), [("day", 1), ("week", 7), ("month", 30)])
def test_a_day_a_week_and_a_month_are_returned_in_steps(admin, samples, span, days):
    told = admin.get(f"{HISTORY}?span={span}").json
    assert told["span"] == span
    points, step = told["points"], told["step_seconds"]
    assert 50 < len(points) <= days * 86400 / step + 1
    assert all(point.keys() == KEYS for point in points)
    moments = [datetime.fromisoformat(point["at"]).timestamp() for point in points]
    assert moments == sorted(moments)
    assert (moments[-1] - moments[0]) > 0.95 * days * 86400 - 2 * 3600
    whole = points[-3] if span == "day" else points[-1]
    assert (whole["total"], whole["active"], whole["anonymous"]) == (120, 100, 60)


def test_numbers_of_events_are_summed_by_step(admin, samples):
    point = admin.get(HISTORY).json["points"][-4]
    assert (point["new"], point["signed_in"], point["ended"]) == (15, 30, 45)
    assert (point["expired"], point["failed_sign_ins"]) == (60, 75)


def test_another_span_is_400(admin):
    answer = admin.get(f"{HISTORY}?span=year")
    assert (answer.status, answer.error) == (400, "invalid_span")
    assert admin.get("/admin?span=year").status == 400


def test_the_page_shows_curves_and_the_same_as_a_table(admin, samples):
    points = admin.get(f"{HISTORY}?span=week").json["points"]
    page = Page(admin.get("/admin?span=week"))
    curves = [a for tag, a in page.elements if tag == "polyline"]
    assert {a["class"].split("is-")[1] for a in curves} == {
        *("active", "authenticated", "users", "new", "signed_in", "ended", "expired"),
        "failed_sign_ins",
    }
    times = {a["datetime"] for tag, a in page.elements if tag == "time"}
    assert {point["at"] for point in points} <= times
    assert "The last week" in page.headings(2)


def test_without_samples_the_page_says_when_there_will_be_some(admin, shared_database):
    shared_database.execute("delete from nestmap.session_samples")
    assert "There is no history yet" in Page(admin.get("/admin")).text


def test_the_figures_of_a_large_table_have_their_time(admin, samples, shared_database):
    large = "update pg_class set reltuples = 1e7, relpages = 1 where oid = 'session'::regclass"
    shared_database.execute(large)
    try:
        page = Page(admin.get("/admin"))
        assert "Counted 5 minutes ago" in page.text
        assert admin.get("/api/admin/session-stats").json["total"] == 120
        shared_database.execute("delete from nestmap.session_samples")
        assert "counted for the first time" in Page(admin.get("/admin")).text
        answer = admin.get("/api/admin/session-stats")
        assert (answer.status, answer.error) == (503, "counting")
        assert answer.headers["Retry-After"]
    finally:
        shared_database.execute("analyze session")


@pytest.mark.long
def test_slow_reports_take_no_connection_from_visitors(admin, site, shared_database):
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    visitor = Visitor(site.url)
    visitor.put_place("lisbon")
    with shared_database.transaction("lock table nestmap.session_samples"):
        reports = [admin.send("GET", HISTORY) for _ in range(24)]
        assert reports[0].answer().status == 503
        # By now the others have come as well.
        assert shared_database.value(waiting) <= 2
        assert visitor.put_place("porto").status == 201
        assert visitor.place_ids() == ["lisbon", "porto"]
        assert {report.answer().status for report in reports[1:]} == {503}
