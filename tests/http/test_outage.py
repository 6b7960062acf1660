"""G9 in one outage: PostgreSQL is stopped and started again while the site runs."""

import pytest

from tests.support.cluster import Cluster
from tests.support.commands import migrated_database
from tests.support.page import Page
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def fragile():
    """Start a cluster for this file, which stops it."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def outage_site(fragile, start_shared_instance, tmp_path_factory):
    database = migrated_database(fragile, tmp_path_factory.mktemp("migrate"))
    return start_shared_instance(database.url)


def test_requests_that_need_the_session_are_503_and_users_stay_signed_in(fragile, outage_site):
    member, other = Visitor(outage_site.url), Visitor(outage_site.url)
    member.register()
    member.put_place("lisbon")
    cookie = member.cookie
    fragile.stop()
    try:
        for answer in (
            member.get("/api/places"),
            member.put_place("oslo"),
            member.sign_out(),
            member.get("/"),
            other.put_place("oslo"),
            other.register(),
            other.sign_in(),
        ):
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.cookies == []
        assert member.get("/api/places").error
        assert Page(member.get("/")).text
        for path in ("/", "/login", "/register", "/api/places", "/api/auth/session", "/livez"):
            assert other.get(path).status == 200, path
        # The site checks its database once a second, however often it is asked.
        wait_until(lambda: outage_site.readiness() == 503, "the site to see it")
    finally:
        fragile.start()
    wait_until(lambda: member.get("/api/places").status == 200, "the site to recover")
    assert member.cookie == cookie
    assert member.signed_in()
    assert member.place_ids() == ["lisbon"]
    wait_until(lambda: outage_site.readiness() == 200, "the site to say so")


def test_no_session_is_lost_when_backends_are_terminated(fragile, outage_site):
    member = Visitor(outage_site.url)
    member.register()
    for turn in range(5):
        fragile.terminate_backends(fragile.database("nestmap_1"))
        answer = member.put_place(f"p{turn}")
        assert answer.status in {201, 503}
        assert member.cookie
        wait_until(member.signed_in, "the site to recover")
