"""The client's address, scheme and host behind a proxy, and the headers of responses."""

import pytest

from tests.support.instance import SECRET
from tests.support.raw import RawClient
from tests.support.visitor import Visitor, new_email
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def behind_proxy(shared_database, start_shared_instance):
    """Start an instance behind a CDN that sends the client's address in its own header."""
    return start_shared_instance(
        shared_database.serving_url,
        TRUST_PROXY="127.0.0.0/8,10.0.0.0/8",
        PROXY_ADDRESS_HEADER="X-Client",
        ALLOWED_HOSTS="example.org,.example.net,127.0.0.1",
    )


def address_of(visitor: Visitor) -> str | None:
    (session, *_) = visitor.get("/api/account/sessions").json["sessions"]
    return session["ip"]


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"X-Client": "192.0.2.7:443"}, "192.0.2.7"),
        ({"X-Client": "[2001:db8::7]:443, 10.0.0.3"}, "2001:db8::7"),
        ({"X-Client": "6.6.6.6, 192.0.2.7, 10.0.0.3"}, "192.0.2.7"),
        ({"X-Forwarded-For": "6.6.6.6", "X-Real-Ip": "6.6.6.6"}, "127.0.0.1"),
        ({"X-Client": "unknown"}, "127.0.0.1"),
    ],
)
def test_the_address_is_read_from_the_configured_header_only(behind_proxy, headers, address):
    visitor = Visitor(behind_proxy.url)
    assert visitor.register(headers=headers).status == 201
    assert address_of(visitor) == address


def test_without_a_trusted_proxy_the_headers_are_ignored(site):
    visitor = Visitor(site.url)
    visitor.register(headers={"X-Forwarded-For": "6.6.6.6", "X-Real-Ip": "6.6.6.6"})
    assert address_of(visitor) == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("example.org", 200),
        ("EXAMPLE.org:443", 200),
        ("example.org.", 200),
        ("a.example.net", 200),
        ("example.net", 200),
        ("a.example.org", 421),
        ("evil.test", 421),
        ("example.org.evil.test", 421),
        ("evilexample.net", 421),
    ],
)
def test_only_the_hosts_of_the_setting_are_served(behind_proxy, host, status):
    visitor = Visitor(behind_proxy.url)
    for path in ("/", "/static/site.css", "/nothing"):
        answer = visitor.get(path, headers={"Host": host})
        assert answer.status == (status if status == 421 or path != "/nothing" else 404)
    assert visitor.get("/livez", headers={"Host": host}).status == 200


def test_the_log_line_of_a_refused_origin_names_the_setting_to_change(behind_proxy):
    visitor = Visitor(behind_proxy.url)
    headers = {"Origin": "https://www.example.org", "Host": "example.org"}
    body = {"email": new_email(), "password": "a password of some length"}
    assert visitor.post("/api/auth/login", json=body, headers=headers).status == 403
    wait_until(lambda: "proxy_set_header Host" in behind_proxy.output, "the line of the log")


@pytest.mark.parametrize("path", ["/static/%00", "/static/a%00b.css", "/static/" + "a" * 5000])
def test_a_static_file_with_an_impossible_name_is_404(site, path):
    answer = Visitor(site.url).get(path)
    assert answer.status == 404
    assert "Traceback" not in site.output


def test_signing_out_clears_the_storage_of_the_browser_and_keeps_other_cookies(visitor):
    visitor.register()
    assert visitor.sign_out().headers["Clear-Site-Data"] == '"storage"'
    assert visitor.jar.get("nestmap.device"), "the device stays known"


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/static/site.css", "/livez"])
def test_every_response_has_the_cross_origin_headers(site, path):
    headers = Visitor(site.url).get(path).headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_a_response_without_a_handler_has_the_cross_origin_headers_too(site):
    with RawClient(site.port) as client:
        client.send(b"NOT HTTP AT ALL\r\n\r\n")
        assert client.answer_or_end() in {400, None}


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({}, "max-age=31536000"),
        ({"HSTS_SECONDS": 60, "HSTS_SUBDOMAINS": "on"}, "max-age=60; includeSubDomains"),
        ({"HSTS_SECONDS": 0}, None),
    ],
)
def test_strict_transport_security_follows_the_settings(
    shared_database, start_instance, settings, value
):
    site = start_instance(
        shared_database.serving_url,
        NESTMAP_ENV="production",
        SESSION_SECRET=SECRET,
        **settings,
    )
    answer = Visitor(site.url, https=True).get("/login")
    assert answer.headers["Strict-Transport-Security"] == value
    assert "__Host-nestmap.sid" in site.output, "the start warns of a cookie without a prefix"


def test_a_page_of_the_same_host_without_tls_is_another_site(shared_database, start_instance):
    site = start_instance(
        shared_database.serving_url, NESTMAP_ENV="production", SESSION_SECRET=SECRET
    )
    visitor = Visitor(site.url, https=True)
    host = site.url.removeprefix("http://")
    statuses = [
        visitor.sign_in(headers={"Origin": f"{scheme}://{host}"}).status
        for scheme in ("http", "https")
    ]
    assert statuses == [403, 401]
