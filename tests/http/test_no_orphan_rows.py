"""G6: no session row without a cookie that can reach it."""

import pytest

from tests.support.sids import count_sessions
from tests.support.visitor import Visitor

LOOKS = ["/", "/login", "/register", "/api/places", "/api/auth/session", "/nothing", "/account"]
LOOKS += ["/admin", "/livez", "/readyz", "/api/admin/session-stats", "/static/site.css"]


def test_visitors_who_only_read_get_no_row(new_visitor, shared_database):
    before = count_sessions(shared_database)
    for path in LOOKS:
        visitor = new_visitor()
        assert visitor.get(path).cookies == []
        assert visitor.request("HEAD", path).cookies == []
    assert count_sessions(shared_database) == before


def test_visitors_whose_request_is_refused_get_no_row(visitor, shared_database):
    before = count_sessions(shared_database)
    for answer in (
        visitor.put_place("NOT AN ID".replace(" ", "_")),
        visitor.put_place("a", headers={"Sec-Fetch-Site": "cross-site"}),
        visitor.delete_place("a"),
        visitor.sign_in(),
        visitor.sign_out(),
        visitor.register(password="short"),
        visitor.post("/login", form={}),
    ):
        assert answer.status < 500
        assert not [cookie for cookie in answer.cookies if not cookie.clears]
    assert count_sessions(shared_database) == before


def test_many_changes_of_one_visitor_are_one_row(visitor, shared_database):
    before = count_sessions(shared_database)
    for turn in range(5):
        visitor.put_place(f"p{turn}")
    visitor.register()
    visitor.sign_in()
    visitor.put_place("last")
    assert count_sessions(shared_database) == before + 1
    visitor.sign_out()
    assert count_sessions(shared_database) == before


@pytest.fixture(scope="module")
def production(shared_database, start_shared_instance):
    return start_shared_instance(shared_database.url, NESTMAP_ENV="production")


@pytest.fixture
def seen_plainly(production) -> Visitor:
    """Return a visitor whose requests reach the proxy over plain http."""
    return Visitor(production.url)


@pytest.fixture
def seen_safely(production) -> Visitor:
    """Return a visitor whose requests reach the proxy over https."""
    return Visitor(production.url, https=True)


def test_production_over_plain_http_stores_nothing_and_says_why(seen_plainly, shared_database):
    before = count_sessions(shared_database)
    for answer in (seen_plainly.put_place("lisbon"), seen_plainly.register()):
        assert answer.status == 403
        assert "https" in answer.json["error"]["message"].lower()
        assert "X-Forwarded-Proto" in answer.json["error"]["message"]
        assert answer.cookies == []
    assert count_sessions(shared_database) == before
    assert not shared_database.all("select from nestmap.users where email = %s", seen_plainly.email)


def test_a_page_in_production_over_plain_http_says_why_too(seen_plainly, shared_database):
    form = {"email": seen_plainly.email, "password": "correct horse battery staple"}
    answer = seen_plainly.post("/register", form=form)
    assert answer.status == 403
    assert "X-Forwarded-Proto" in answer.text
    assert answer.cookies == []


def test_requests_that_only_read_are_served_over_plain_http_too(seen_plainly):
    assert seen_plainly.get("/livez").status == 200
    assert seen_plainly.get("/").status in {200, 403}


def test_behind_https_everything_works_and_the_cookie_is_secure(seen_safely):
    answer = seen_safely.put_place("lisbon")
    assert answer.status == 201
    assert answer.cookies[0].secure
    assert seen_safely.register().status == 201
    assert seen_safely.place_ids() == ["lisbon"]


def test_headers_of_an_untrusted_proxy_are_ignored(shared_database, start_instance):
    direct = start_instance(shared_database.url, NESTMAP_ENV="production", TRUST_PROXY="off")
    visitor = Visitor(direct.url, https=True)
    assert visitor.put_place("lisbon").status == 403
