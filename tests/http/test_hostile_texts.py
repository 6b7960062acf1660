"""No text of a client causes a server error, becomes SQL, or becomes HTML."""

from urllib.parse import quote

import pytest

from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

SQL = ["'", "';drop table session;--", "' or '1'='1", "%s", "%(x)s", "$1", ":id", "E'\\''", "\\"]
ODD = ["\0", "%00", "{0}", "{{7*7}}", "{% raw x %}", "${7*7}", "\u0660", "\u2028", "\U000e0100"]
HTML = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover=alert(1) x='",
    "</textarea><svg/onload=alert(1)>",
]
SEALED = "select count(*) = 0 from nestmap.unsealed_events"

RAW = ("<script>alert", "<img src=x", "<svg/onload", "' onmouseover=alert(1) x='")

PAGES = (
    *("/", "/?q={}", "/login?next={}", "/register?next={}", "/confirm?next={}", "/account"),
    *("/account/events", "/admin", "/admin/events", "/admin/events?user={}&kind={}"),
    *("/places/hostile", "/{}"),
)


@pytest.fixture(scope="module")
def admin(site, new_admin) -> Visitor:
    return new_admin()


def answers(admin: Visitor, text: str) -> list[int]:
    """Return the status of requests with the text in the path, the query, a header or the body."""
    url = quote(text.encode())
    stranger = Visitor(*admin.urls)
    header = {"User-Agent": text.replace("\0", "").encode().decode("latin1")}
    credentials = {"email": text, "password": text * 12}
    sent = [
        ("PUT", f"/api/places/{url}", {"json": {"name": "x"}}),
        ("DELETE", f"/api/places/{url}", {}),
        ("PUT", "/api/places/hostile", {"json": {"name": text, "note": text}}),
        ("DELETE", f"/api/account/sessions/{url}", {}),
        ("DELETE", f"/api/account/sessions?others={url}", {}),
        ("GET", f"/api/account/places?format={url}", {}),
        ("GET", f"/api/admin/users?q={url}", {}),
        ("GET", f"/api/admin/users?cursor={url}", {}),
        ("GET", f"/api/admin/events?user={url}&kind={url}", {}),
        ("GET", f"/api/admin/events?before={url}", {}),
        ("GET", f"/static/{url}", {"headers": header}),
    ]
    statuses = [admin.request(method, path, **options).status for method, path, options in sent]
    for path in ("/api/auth/login", "/api/auth/register", "/login", "/register"):
        kind = "json" if path.startswith("/api") else "form"
        answer = stranger.post(path, headers=header, **{kind: credentials})
        statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize("text", [*SQL, *ODD], ids=ascii)
def test_no_text_causes_a_server_error_or_becomes_sql(admin, text, cluster):
    before = len(cluster.log())
    assert max(answers(admin, text)) < 500
    assert "ERROR" not in cluster.log()[before:]


@pytest.mark.parametrize("text", HTML)
def test_no_text_becomes_html(admin, text):
    assert max(answers(admin, text)) < 500
    admin.request("PUT", "/api/places/hostile", json={"name": text, "note": text})
    for page in PAGES:
        shown = admin.get(page.replace("{}", quote(text))).text
        assert [raw for raw in RAW if raw in shown] == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_adds_a_log_line_or_moves_the_cursor_of_a_terminal(
    shared_database, start_instance, form
):
    site = start_instance(shared_database.url, LOG_FORMAT=form, TRUST_PROXY="on")
    visitor = Visitor(site.url)
    for text in ("\x1b[31m", "\x9b31m", "\u202e", "\u2028", "\x7f", "%s%n"):
        sent = text.encode().decode("latin1")
        headers = {
            "User-Agent": sent,
            "X-Request-Id": f"12345678{sent}",
            "Origin": f"http://{sent}",
        }
        visitor.get(f"/{quote(text)}%0d%0aforged", headers=headers)
        fields = {"email": f"{text}\r\nforged@example.org", "password": text * 12}
        visitor.post("/api/auth/login", json=fields, headers=headers)
        visitor.post("/api/auth/login", json=fields, headers={"User-Agent": sent})
        visitor.get("/", headers={"Host": f"{sent}.example.org"})
    wait_until(lambda: shared_database.value(SEALED), "the events to be sealed")
    site.stop()
    lines = site.output.splitlines()
    assert len(lines) > 12
    assert [line for line in lines if not line.isprintable() or line.startswith("forged")] == []


def test_an_unknown_member_of_a_json_body_changes_nothing(site):
    visitor = Visitor(site.url)
    fields = {"role": "admin", "id": 1, "version": 7, "must_change": True}
    body = {"email": visitor.email, "password": "correct horse battery staple", **fields}
    user = visitor.post("/api/auth/register", json=body).json["user"]
    assert user["role"] == "user"
    assert user["id"] != 1
    assert visitor.put_place("lisbon").status == 201


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"null", b'{"email": NaN}', b'{"email": 1e999}', b"\xef\xbb\xbf{}"),
        b'{"email":' + b"[" * 30000 + b"]" * 30000 + b"}",
        b'{"email":' + b"9" * 60000 + b"}",
        b'{"email":"\\ud800@x","password":"\\ud800aaaaaaaaaaaa"}',
    ],
    ids=lambda body: body[:16].decode("latin1") or "nothing",
)
def test_an_invalid_json_object_is_refused(site, body):
    headers = {"Content-Type": "application/json"}
    for path in ("/api/auth/login", "/api/auth/register"):
        assert Visitor(site.url).post(path, body=body, headers=headers).status == 400
