"""deploy/nginx/nestmap.conf in front of two instances."""

import re

import pytest

from tests.deploy.client import Client
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

JSON = "application/json"


def test_plain_http_is_sent_to_https(front):
    answer = front.ask_plainly("/login?next=%2F")
    assert answer.status == 308
    assert answer.location == "https://localhost/login?next=%2F"


def test_the_api_is_not_sent_on_from_http(front):
    answer = front.ask_plainly("/api/auth/session")
    assert (answer.status, answer.location) == (403, None)


def test_a_session_is_the_same_on_both_instances(front, two):
    client = Client(front)
    email = client.register()
    for number in range(6):
        assert client.ask("PUT", f"/api/places/p{number}", {"name": "Oslo"}).status == 201
        session = client.ask("GET", "/api/auth/session").json
        assert session["user"]["email"] == email
    assert len(client.ask("GET", "/api/places").json["places"]) == 6
    for instance in two:
        # nginx sends every second request to the other instance.
        wait_until(lambda said=instance: '"path": "/api/' in said.output, "a line of each instance")


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_paths_for_operators_are_not_public(front, path):
    assert front.ask("GET", path).status == 404
    assert b"nginx" in front.ask("GET", path).body, "the program was asked"


def test_a_visitor_cannot_choose_an_address_or_a_request_id(front, two):
    claims = {
        "X_Forwarded_For": "203.0.113.7",
        "X_Real_Ip": "203.0.113.7",
        "Forwarded": "for=203.0.113.7",
        "X_Request_Id": "chosen-by-the-visitor",
    }
    answer = front.ask("GET", "/login", None, **claims)
    assert answer.status == 200
    request_id = answer.headers["X-Request-Id"]
    wait_until(lambda: request_id in two[0].output + two[1].output, "the line of this request")
    said = two[0].output + two[1].output
    assert "203.0.113.7" not in said
    assert "chosen-by-the-visitor" not in said


def test_a_form_of_this_site_is_accepted_and_one_of_another_site_is_refused(front):
    form = b"email=a%40example.org&password=wrong-wrong-wrong"
    kind = "application/x-www-form-urlencoded"
    ours = front.ask("POST", "/login", form, Content_Type=kind, Origin=front.url)
    assert ours.status == 401, ours.text
    other = front.ask("POST", "/login", form, Content_Type=kind, Origin="https://evil.example")
    assert other.status == 403


def test_a_body_that_is_too_large_gets_the_error_of_the_program(front):
    answer = front.ask("PUT", "/api/places/p", b"{" + b" " * 70_000, Content_Type=JSON)
    assert answer.status == 413
    assert answer.error == "too_large"


def test_a_static_file_is_cached_with_the_headers_of_the_program(front):
    style = re.search(r"/static/site\.css\?v=\w+", front.ask("GET", "/").text)
    once, again = front.ask("GET", style[0]), front.ask("GET", style[0])
    assert once.status == again.status == 200
    assert once.body == again.body
    named = ("Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options")
    assert all(again.headers[name] == once.headers[name] is not None for name in named)
    assert once.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert [one.headers["X-Cache"] for one in (once, again)] == ["MISS", "HIT"]
