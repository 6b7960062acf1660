"""Headers and attributes for browsers: responses, forms and passwords on every kind of page."""

import re

import pytest
from argon2 import PasswordHasher, extract_parameters

from tests.support.page import Page
from tests.support.visitor import PASSWORD, Visitor

PLACES = (
    *("/", "/login", "/register", "/nothing", "/logout", "/static/site.css", "/static/favicon.svg"),
    *("/livez", "/readyz", "/api/places", "/api/auth/session", "/api/nothing", "/api/account"),
    *("/account", "/account/password", "/account/delete", "/confirm"),
    *("/api/account/places?format=csv", "/api/account/places?format=geojson"),
)


@pytest.fixture
def member(visitor) -> Visitor:
    assert visitor.register().status == 201
    return visitor


@pytest.mark.parametrize("path", PLACES)
def test_no_other_site_may_read_a_response(member, path):
    for origin in ("https://evil.example", "null", member.urls[0]):
        headers = member.get(path, headers={"Origin": origin}).headers
        assert [name for name in headers if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize("path", PLACES)
def test_a_response_with_a_body_has_a_content_type(member, path):
    answer = member.get(path)
    kind = answer.headers["Content-Type"].lower()
    assert not answer.body or re.fullmatch(
        r"(text/(html|css|csv|plain)|application/json); charset=utf-8"
        r"|(text/css|image/svg\+xml|application/geo\+json)",
        kind,
    )


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "OPTIONS"])
def test_no_method_echoes_a_request(member, method):
    for path in ("/", "/account", "/api/places", "/static/site.css", "/nothing"):
        answer = member.request(method, path, headers={"X-Echo": "a word to be echoed"})
        assert answer.status in {401, 404, 405}
        assert b"echoed" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        *("/static", "/static/.", "/static/../routes.py", "/static/%2e%2e/routes.py"),
        *("/static//etc/passwd", "/.git/config", "/.env", "/run.py", "/static/..%5croutes.py"),
    ],
)
def test_no_folder_is_listed_and_no_file_of_the_program_is_served(visitor, path):
    assert visitor.get(path).status in {403, 404}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/login", {"current-password"}),
        ("/register", {"new-password"}),
        ("/confirm", {"current-password"}),
        ("/account/password", {"current-password", "new-password"}),
        ("/account/delete", {"current-password"}),
    ],
)
def test_a_password_is_masked_and_may_come_from_a_password_manager(visitor, path, names):
    if path not in ("/login", "/register"):
        visitor.register()
    fields = [
        attributes
        for tag, attributes in Page(visitor.get(path)).elements
        if tag == "input" and "password" in attributes.get("name", "")
    ]
    assert {field["autocomplete"] for field in fields} == names
    for field in fields:
        assert field["type"] == "password"
        assert int(field.get("maxlength") or 256) >= 256
        assert not {"pattern", "onpaste"} & field.keys()


@pytest.mark.parametrize(
    "password", ["  blanks around it  ", "a tab \t and \x01 in it", "e\u0301ach \u00e9"]
)
def test_a_form_takes_a_password_exactly_as_the_api_does(visitor, password):
    password = f"{password} and more of it"
    assert visitor.register(password=password).status == 201
    visitor.sign_out()
    for typed, status in ((password.upper(), 401), (f"{password} ", 401), (password, 303)):
        form = {"email": visitor.email, "password": typed}
        assert visitor.post("/login", form=form).status == status


def test_a_hash_with_other_parameters_is_replaced_at_the_sign_in(member, shared_database):
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    stored = "select password_hash from nestmap.users where email = %s"
    now = shared_database.value(stored, member.email)
    shared_database.execute(
        "update nestmap.users set password_hash = %s where email = %s", old, member.email
    )
    assert member.sign_in().status == 200
    renewed = shared_database.value(stored, member.email)
    assert extract_parameters(renewed) == extract_parameters(now) != extract_parameters(old)
    assert member.sign_in().status == 200


@pytest.mark.parametrize("path", ["/", "/account", "/account/events", "/confirm", "/nothing"])
def test_each_page_has_a_sign_out_for_signed_in_users(member, path):
    if path == "/nothing":
        # A page without a session does not know the user, and links to one that does.
        assert 'href="/account"' in member.get(path).text
        return
    assert 'action="/logout"' in member.get(path).text
