"""The figures for administrators: access to them, and their exactness."""

import json
from datetime import UTC, datetime

import pytest

from tests.support.commands import nestmap
from tests.support.page import Page
from tests.support.visitor import Visitor

STATS = "/api/admin/session-stats"
KEYS = {
    "total",
    "active",
    "expired",
    "authenticated",
    "anonymous",
    "users",
    "store",
    "generated_at",
}
STORE = {"type", "table", "cookie", "ttl_seconds", "absolute_ttl_seconds", "touch_seconds"}
STORE |= {"prune_seconds", "resave", "save_uninitialized", "rolling", "table_bytes"}

# 7 anonymous sessions, 3 that expired; 2 users with 3 sessions, 1 that expired; a user without any.
SEED = """
insert into nestmap.users (email, password_hash) values ('a@x.org', ''), ('b@x.org', ''), ('c@x.org', '');
insert into session (sid, sess, expire)
    select 'anonymous-' || n, '{"cookie":{}}', (now() at time zone 'utc') + n * interval '1 hour'
    from generate_series(-2, 7) as n where n <> 0;
insert into session (sid, sess, expire)
    values ('anonymous-last', '{"cookie":{}}', (now() at time zone 'utc') - interval '1 second');
insert into session (sid, sess, expire, user_id)
    select v.sid, '{"cookie":{}}', (now() at time zone 'utc') + v.left, u.id::text
    from (values ('1', 'a@x.org', interval '1 hour'), ('2', 'a@x.org', interval '2 hours'),
                 ('3', 'b@x.org', interval '1 hour'), ('4', 'b@x.org', interval '-1 hour'))
         as v (sid, email, "left")
    join nestmap.users as u using (email);
"""


@pytest.fixture
def admin(shared_database, new_admin) -> Visitor:
    shared_database.execute("delete from session")
    shared_database.execute("delete from nestmap.users")
    return new_admin()


def test_the_figures_are_exact(admin, shared_database):
    shared_database.execute(SEED)
    stats = admin.get(STATS).json
    assert set(stats) == KEYS
    counts = {key: stats[key] for key in KEYS - {"store", "generated_at"}}
    # The administrator who asks is signed in too.
    assert counts == {
        "total": 15,
        "active": 11,
        "expired": 4,
        "authenticated": 4,
        "anonymous": 7,
        "users": 3,
    }


def test_the_figures_describe_the_store(admin, shared_database):
    stats = admin.get(STATS).json
    store = stats["store"]
    assert set(store) == STORE
    assert (store["ttl_seconds"], store["absolute_ttl_seconds"]) == (43200, 604800)
    assert (store["touch_seconds"], store["prune_seconds"]) == (60, 900)
    assert (store["resave"], store["save_uninitialized"], store["rolling"]) == (False, False, True)
    assert store["table"] == "session"
    size = shared_database.value("select pg_total_relation_size('session')")
    assert store["table_bytes"] == pytest.approx(size, rel=0.5)
    generated_at = datetime.fromisoformat(stats["generated_at"])
    assert generated_at.timestamp() == pytest.approx(datetime.now(UTC).timestamp(), abs=60)


def test_the_command_prints_the_same_figures(admin, shared_database, tmp_path):
    shared_database.execute(SEED)
    asked = admin.get(STATS).json
    printed = nestmap("stats", database_url=shared_database.url, directory=tmp_path)
    assert printed.returncode == 0, printed.stderr
    figures = json.loads(printed.stdout)
    assert figures.keys() == asked.keys()
    for key in KEYS - {"store", "generated_at"}:
        assert figures[key] == asked[key]


def test_the_page_shows_the_same_figures(admin, shared_database):
    shared_database.execute(SEED)
    stats, text = admin.get(STATS).json, Page(admin.get("/admin")).text
    for key in ("total", "active", "expired", "authenticated", "anonymous", "users"):
        assert str(stats[key]) in text


def test_the_figures_need_a_sign_in(visitor):
    assert (visitor.get(STATS).status, visitor.get(STATS).error) == (401, "not_signed_in")
    page = visitor.get("/admin")
    assert (page.status, page.location) == (302, "/login?next=%2Fadmin")


def test_the_figures_need_the_role_of_administrator(visitor):
    visitor.register()
    answer = visitor.get(STATS)
    assert (answer.status, answer.error) == (403, "forbidden")
    page = visitor.get("/admin")
    assert page.status == 403
    assert "Signed in" not in Page(page).text


def test_an_account_page_needs_a_sign_in(visitor):
    page = visitor.get("/account")
    assert (page.status, page.location) == (302, "/login?next=%2Faccount")
    visitor.put_place("lisbon")
    assert visitor.get("/account").status == 302
