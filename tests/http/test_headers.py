"""Headers of every response: a request id, security headers, and what caches may do."""

import http.client
import re
import socket

import pytest

from tests.support.page import Page
from tests.support.visitor import Visitor

PAGES = ["/", "/login", "/register", "/nothing"]
API = ["/api/places", "/api/auth/session", "/api/nothing", "/api/auth/login"]
OTHERS = ["/livez", "/readyz", "/static/site.css", "/static/nothing", "/account", "/admin"]


@pytest.mark.parametrize("path", PAGES + API + OTHERS)
def test_every_response_has_its_own_request_id(visitor, path):
    ids = {visitor.get(path).headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{8,64}", request_id) for request_id in ids)


@pytest.mark.parametrize("path", PAGES + API + OTHERS)
def test_every_response_has_the_security_headers(visitor, path):
    headers = visitor.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in {"same-origin", "strict-origin", "no-referrer"} | {
        "strict-origin-when-cross-origin"
    }
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert re.search(r"default-src '(self|none)'", policy)
    assert "form-action 'self'" in policy
    assert headers["Strict-Transport-Security"] is None, "development is plain http"


def test_no_response_names_the_software_and_its_version(visitor):
    assert not re.search(r"\d", visitor.get("/").headers["Server"] or "")


def test_the_response_to_a_refused_request_has_the_security_headers_too(visitor):
    refused = visitor.put_place("lisbon", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status == 403
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/api/places", "/api/auth/session"])
def test_a_response_that_depends_on_the_session_is_not_cached(visitor, path):
    for answer in (visitor.get(path), visitor.put_place("a") and visitor.get(path)):
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Cookie" in answer.headers["Vary"]


def test_a_response_that_changes_the_session_is_not_cached(visitor):
    for answer in (visitor.put_place("a"), visitor.register(), visitor.sign_out()):
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Cookie" in answer.headers["Vary"]


def test_an_error_that_depends_on_the_session_is_not_cached(visitor):
    visitor.put_place("a")
    refused = visitor.post("/account/sessions/end-others", form={})
    unauthorized, missing = visitor.get("/api/admin/session-stats"), visitor.delete_place("b")
    assert [each.status for each in (refused, unauthorized, missing)] == [401, 401, 404]
    for answer in (refused, unauthorized, missing):
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Cookie" in answer.headers["Vary"]


def test_static_files_may_be_cached(visitor):
    page = Page(visitor.get("/"))
    (style,) = [
        attributes["href"]
        for tag, attributes in page.elements
        if tag == "link" and attributes.get("rel") == "stylesheet"
    ]
    answer = visitor.get(style)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "max-age=315360000"
    assert answer.headers.get_content_type() == "text/css"


@pytest.mark.parametrize("query", ["", "?v=", "?v=the-next-release", "?v=0"])
def test_a_static_file_is_kept_under_its_own_version_only(visitor, query):
    answer = visitor.get(f"/static/site.css{query}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert answer.headers["Expires"] is None
    again = visitor.get(
        f"/static/site.css{query}", headers={"If-None-Match": answer.headers["Etag"]}
    )
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", PAGES)
def test_pages_obey_their_content_security_policy(visitor, path):
    """They have no inline script, style or event handler: browsers would ignore them."""
    for tag, attributes in Page(visitor.get(path)).elements:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert not any(name == "style" or name.startswith("on") for name in attributes)


def test_production_sends_strict_transport_security(shared_database, start_instance):
    production = start_instance(shared_database.url, NESTMAP_ENV="production")
    visitor = Visitor(production.url, https=True)
    for answer in (visitor.get("/"), visitor.get("/api/nothing"), visitor.put_place("a")):
        assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_head_is_get_without_the_body(visitor):
    visitor.put_place("lisbon")
    got, head = visitor.get("/"), visitor.request("HEAD", "/")
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["Content-Length"] == str(len(got.body))


@pytest.mark.parametrize("request_line", ["GET / RTSP/1.0", "GET / HTTP/1.1 x", "GET"])
def test_the_response_to_an_invalid_request_has_the_security_headers_too(site, request_line):
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as client:
        client.sendall(f"{request_line}\r\n\r\n".encode())
        response = http.client.HTTPResponse(client)
        response.begin()
    assert response.status == 400
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    for name in (
        "Cross-Origin-Resource-Policy",
        "Cross-Origin-Opener-Policy",
        "Permissions-Policy",
    ):
        assert response.headers[name]
