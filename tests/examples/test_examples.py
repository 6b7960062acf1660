"""The session layer in the example sites, from an environment with only the wheel installed."""

import pytest

from tests.examples.conftest import ADA
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long


def hits(visitor, **options):
    answer = visitor.post("/", **options)
    assert answer.status == 200, answer.text
    return answer.json["hits"]


def test_the_counter_example_counts(start, empty_database):
    site = start("counter", empty_database.url)
    visitor = site.visitor()
    assert [visitor.get("/").json for _ in range(3)] == [{"hits": 1}, {"hits": 2}, {"hits": 3}]
    assert site.visitor().get("/").json == {"hits": 1}


def test_users_of_the_example_sign_in_and_out_and_stay_signed_in_over_a_restart(start, people):
    site = start("own_users", people.url)
    visitor = site.visitor()
    assert [hits(visitor), hits(visitor)] == [1, 2]
    assert visitor.post("/sign-in", form={"id": ADA}).status == 200
    assert visitor.get("/").json == {"hits": 2, "person": "Ada"}
    site.stop()
    site.start()
    assert visitor.get("/").json == {"hits": 2, "person": "Ada"}
    assert visitor.post("/sign-out").status == 200
    assert visitor.get("/").json == {"hits": 0, "person": None}


def test_an_inactive_user_is_signed_out_from_the_next_request(start, people):
    visitor = start("own_users", people.url).visitor()
    visitor.post("/sign-in", form={"id": ADA})
    assert visitor.get("/").json["person"] == "Ada"
    people.execute("update people set active = false")
    assert visitor.get("/").json["person"] is None


def test_a_write_after_the_sign_out_is_401(start, people):
    site = start("own_users", people.url)
    visitor = site.visitor()
    visitor.post("/sign-in", form={"id": ADA})
    cookie = visitor.jar.header(https=False)
    visitor.post("/sign-out")
    late = site.visitor().post("/", headers={"Cookie": cookie})
    assert (late.status, late.cookies) == (401, [])
    assert people.value("select count(*) from web_sessions") == 0


def test_visitors_get_new_sessions_after_the_table_was_emptied(start, people):
    visitor = start("own_users", people.url).visitor()
    assert [hits(visitor), hits(visitor)] == [1, 2]
    people.execute("truncate web_sessions")
    assert hits(visitor) == 1


def test_without_its_database_it_answers_503_and_users_stay_signed_in(start, people, cluster):
    site = start("own_users", people.url)
    visitor = site.visitor()
    assert hits(visitor) == 1
    people.close()
    cluster.rename(people, "elsewhere_for_a_moment")
    try:
        away = visitor.post("/")
        assert (away.status, away.cookies) == (503, [])
        assert away.headers["Retry-After"]
    finally:
        cluster.rename(cluster.database("elsewhere_for_a_moment"), people.name)
    wait_until(lambda: visitor.get("/").status == 200, "the site to find its database again")
    assert hits(visitor) == 2


def test_two_sites_share_one_database_with_two_tables(start, people):
    counter, own = start("counter", people.url), start("own_users", people.url)
    people.execute("delete from session")  # from the visits that waited for the start
    one, other = counter.visitor(), own.visitor()
    assert one.get("/").json == {"hits": 1}
    assert [hits(other), hits(other)] == [1, 2]
    assert one.get("/").json == {"hits": 2}
    assert people.value("select count(*) from session") == 1
    assert people.value("select count(*) from web_sessions") == 1
