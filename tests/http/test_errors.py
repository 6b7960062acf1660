"""Errors are JSON under /api and a page elsewhere."""

import pytest

from tests.support.page import Page
from tests.support.visitor import PASSWORD


def test_an_unknown_path_of_the_api_is_404_in_json(visitor):
    answer = visitor.get("/api/nothing/here")
    assert (answer.status, answer.error) == (404, "not_found")


def test_an_unknown_page_is_404_as_a_page(visitor):
    answer = visitor.get("/nothing/here")
    assert answer.status == 404
    assert Page(answer).text


def test_an_unknown_static_file_is_404(visitor):
    assert visitor.get("/static/nothing.css").status == 404
    assert visitor.get("/static/../../run.py").status in {403, 404}
    assert visitor.get("/static/%2e%2e/%2e%2e/run.py").status in {403, 404}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/auth/login"),
        ("GET", "/api/auth/register"),
        ("GET", "/api/auth/logout"),
        ("POST", "/api/auth/session"),
        ("POST", "/api/places"),
        ("PATCH", "/api/places/lisbon"),
    ],
)
def test_a_wrong_method_of_the_api_is_405_in_json(visitor, method, path):
    answer = visitor.request(method, path)
    assert (answer.status, answer.error) == (405, "method_not_allowed")


def test_signing_out_by_a_link_is_refused(visitor):
    visitor.register()
    answer = visitor.get("/logout")
    assert answer.status == 405
    assert Page(answer).text
    assert visitor.signed_in()


def test_an_unknown_method_is_405(visitor):
    assert visitor.request("BREW", "/api/places").status == 405


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a neighbour"),
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="an opaque origin"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/auth/logout"),
        ("POST", "/api/auth/login"),
        ("PUT", "/api/places/oslo"),
        ("DELETE", "/api/places/lisbon"),
        ("POST", "/logout"),
        ("POST", "/login"),
    ],
)
def test_a_change_that_another_site_requests_is_refused(visitor, method, path, headers):
    visitor.put_place("lisbon")
    cookie = visitor.cookie
    answer = visitor.request(method, path, json={"name": "Oslo"}, headers=headers)
    assert answer.status == 403
    if path.startswith("/api/"):
        assert answer.error
    else:
        assert Page(answer).text
    assert answer.cookies == []
    assert (visitor.cookie, visitor.place_ids()) == (cookie, ["lisbon"])


def test_a_change_that_a_page_of_this_site_requests_is_made(visitor, site):
    same_origin = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    assert visitor.put_place("lisbon", headers=same_origin).status == 201


def test_a_page_opened_from_another_site_is_shown(visitor):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert visitor.get("/", headers=headers).status == 200


@pytest.mark.parametrize("path", ["/api/places/lisbon", "/api/nothing"])
def test_a_body_over_64_kib_is_413(visitor, path):
    answer = visitor.request("PUT", path, json={"name": "n" * 65_536})
    assert answer.status == 413
    assert visitor.places() == []


def test_a_body_over_64_kib_is_413_in_chunks_too(visitor):
    chunks = (b'{"name": "' if n == 0 else b"n" * 8192 for n in range(12))
    answer = visitor.request("PUT", "/api/places/lisbon", body=chunks)
    assert answer.status == 413
    assert visitor.places() == []


def test_a_body_of_64_kib_is_read(visitor):
    body = b'{"name": "Lisbon"}'.ljust(65_536)
    assert visitor.request("PUT", "/api/places/lisbon", body=body).status == 201


@pytest.mark.parametrize(
    "path", ["/login?next=%FF%FE", "/api/places?%FF", "/?a=%00", "/%FF", "/login?next=%ED%A0%80"]
)
def test_a_path_that_is_not_text_is_no_server_error(visitor, path):
    assert visitor.get(path).status in {200, 400, 404}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"email=%FF&password=%FE"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        ("application/json", b'{"email": "a@example.org"}'),
        ("text/plain; charset=utf-7", b"email=a"),
    ],
)
def test_an_invalid_form_is_a_client_error(visitor, kind, body):
    headers = {"Content-Type": kind}
    assert visitor.post("/login", body=body, headers=headers).status in {400, 401}


def test_an_error_page_links_to_the_home_page_for_a_signed_in_user(visitor):
    visitor.register()
    page = Page(visitor.get("/nothing"))
    assert any(tag == "a" and attributes.get("href") == "/" for tag, attributes in page.elements)


def test_an_api_body_that_is_a_form_is_refused(visitor):
    """A browser sends a form to another site without asking that site first; JSON it does not."""
    visitor.register()
    form = {"email": visitor.email, "password": PASSWORD}
    assert visitor.twin().post("/api/auth/login", form=form).status in {400, 415}
