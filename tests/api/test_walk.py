"""Each operation has the outcomes in docs/openapi.yaml, and each of these outcomes occurs."""

import http.client

import pytest

from tests.api import document
from tests.api.walk import NEW_PASSWORD, NO_SESSION, Walk, credentials, registered
from tests.support.checkout import copy_checkout
from tests.support.instance import Instance
from tests.support.ports import free_port
from tests.support.visitor import PASSWORD, Answer, Visitor
from tests.support.waiting import connectable, wait_until

OPERATIONS = document.operations()
CHANGES = [name for name in OPERATIONS if not name.startswith("GET ")]
ADMIN = [name for name in OPERATIONS if " /api/admin" in name]

pytestmark = pytest.mark.long

# Outcomes that other tests cause, because they need many clients or another database.
ELSEWHERE = {
    "counting": "tests/http/test_history.py",
    "overloaded": "tests/faults/test_overload.py",
    "unsupported_character": "tests/faults/test_encodings.py",
}


@pytest.fixture(scope="module")
def walk(site, admin, shared_database, relay, start_shared_instance, tmp_path_factory):
    """Run all steps once."""
    walk = Walk()
    bad_requests(walk, admin)
    not_allowed(walk, site, admin, shared_database)
    auth(walk, site, admin)
    account(walk, site, admin, shared_database)
    places(walk, site, admin, shared_database)
    administration(walk, admin, shared_database)
    without_the_database(walk, admin, relay)
    starting(walk, admin, shared_database, start_shared_instance)
    stopping(walk, shared_database, relay, start_shared_instance)
    in_production_over_http(walk, admin, shared_database, start_shared_instance)
    a_fault_of_the_site(walk, admin, shared_database, tmp_path_factory.mktemp("broken"))
    return walk


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_outcome_of_the_document_was_seen(walk, name):
    left = {outcome for outcome in document.listed(name) if outcome[1] not in ELSEWHERE}
    assert left - walk.seen[name] == set()


@pytest.mark.parametrize(("code", "file"), ELSEWHERE.items())
def test_other_tests_cause_the_remaining_outcomes(code, file):
    assert f'"{code}"' in (document.ROOT / file).read_text()


def bad_requests(walk: Walk, admin: Visitor) -> None:
    form = {"headers": {"Content-Type": "multipart/form-data"}, "body": b"no boundary"}
    walk.everywhere(admin, (400, "bad_request"), **form)
    large = {"headers": {"Content-Type": "application/json"}, "body": b" " * 70_000}
    walk.everywhere(admin, (413, "too_large"), **large)
    walk.everywhere(admin, (421, "misdirected"), headers={"Host": "elsewhere.example"})
    with_body = [name for name in OPERATIONS if "requestBody" in document.described(name)]
    walk.everywhere(admin, (400, "invalid_json"), with_body, body=b"[1]")
    walk.everywhere(admin, (400, "invalid_json"), with_body, body=b"{")
    wrong = {"email": 1, "role": 1, "disabled": 1, "name": "", "password": 1}
    with_members = [name for name in with_body if (400, "invalid_request") in document.listed(name)]
    walk.everywhere(admin, (400, "invalid_request"), with_members, json=wrong)
    for name in ("GET /api/admin/users", "GET /api/admin/events", "GET /api/admin/sessions"):
        walk.ask(admin, name, query="?cursor=x&before=x")
    walk.ask(admin, "GET /api/account/places", query="?format=xml")
    walk.ask(admin, "DELETE /api/account/sessions", query="")


def not_allowed(walk: Walk, site: Instance, admin: Visitor, database) -> None:
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    walk.everywhere(admin, (403, "forbidden"), CHANGES, headers=from_elsewhere)
    walk.everywhere(Visitor(site.url), (401, "not_signed_in"))
    user = registered(site.url)
    walk.everywhere(user, (403, "forbidden"), ADMIN)
    gone = registered(site.url).twin()
    gone.twin().sign_out()
    walk.everywhere(gone, (401, "session_ended"), CHANGES)
    long_ago = registered(site.url)
    of_theirs = "where user_id = (select id::text from nestmap.users where email = %s)"
    database.execute("update nestmap.users set role = 'admin' where email = %s", long_ago.email)
    database.execute(
        f"update session set authenticated_at = authenticated_at - interval '1 hour' {of_theirs}",
        long_ago.email,
    )
    asking = [n for n in CHANGES if (403, "confirmation_required") in document.listed(n)]
    assert asking
    walk.everywhere(long_ago, (403, "confirmation_required"), asking)
    database.execute("update nestmap.users set must_change = true where email = %s", long_ago.email)
    walk.everywhere(long_ago, (403, "password_change_required"))


def auth(walk: Walk, site: Instance, admin: Visitor) -> None:
    ada = Visitor(site.url)
    one = credentials()
    register, login = "POST /api/auth/register", "POST /api/auth/login"
    assert walk.ask(ada, register, json=one).status == 201
    assert walk.ask(Visitor(site.url), register, json=one).error == "email_taken"
    assert walk.ask(ada, register, json=credentials(email="ada")).error == "invalid_email"
    assert walk.ask(ada, register, json=credentials(password="short")).error == "invalid_password"
    assert walk.ask(ada, login, json=one).status == 200
    wrong = one | {"password": "wrong-wrong-wrong"}
    assert refusals(walk, Visitor(site.url), login, wrong) == "invalid_credentials"
    again = credentials()
    Visitor(site.url).post("/api/auth/register", json=again)
    assert refusals(walk, Visitor(site.url), register, again) == "email_taken"
    walk.ask(admin, "GET /api/auth/session")
    walk.ask(Visitor(site.url), "GET /api/auth/session")

    change = "POST /api/auth/password"
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    short = walk.ask(ada, change, json=passwords | {"new_password": "short"})
    assert short.error == "invalid_password"
    assert walk.ask(ada, change, json=passwords).status == 204
    confirm = "POST /api/auth/confirm"
    assert walk.ask(ada, confirm, json={"password": NEW_PASSWORD}).status == 204
    for name, member in ((change, "current_password"), (confirm, "password")):
        bob = registered(site.url)
        assert refusals(walk, bob, name, passwords | {member: "wrong"}) == "invalid_credentials"
    assert walk.ask(ada, "POST /api/auth/logout").status == 204


def refusals(walk: Walk, visitor: Visitor, name: str, json: dict[str, str]) -> str:
    """Make wrong attempts until one is refused, and return the refusal.

    They come from another network, so that no other request is refused.
    """
    options = {"json": json, "headers": {"X-Forwarded-For": "203.0.113.7"}}
    first = walk.ask(visitor, name, **options)

    def too_many() -> bool:
        return walk.ask(visitor, name, **options).error == "too_many_attempts"

    wait_until(too_many, f"429 of {name}")
    return first.error


def account(walk: Walk, site: Instance, admin: Visitor, database) -> None:
    ada = registered(site.url)
    other = ada.twin()
    assert other.sign_in().status == 200
    assert other.sign_in().status == 200
    sessions = walk.ask(other, "GET /api/account/sessions").json["sessions"]
    assert len(sessions) == 1
    phone = Visitor(site.url)
    phone.email = ada.email
    phone.sign_in()
    phone_id = phone.session()["session"]["id"]
    assert walk.ask(other, "DELETE /api/account/sessions/{id}", id=phone_id).status == 204
    walk.ask(other, "DELETE /api/account/sessions/{id}", id=NO_SESSION)
    assert walk.ask(other, "DELETE /api/account/sessions").status == 204
    assert walk.ask(other, "GET /api/account/events").json["events"]
    for kind in ("csv", "geojson"):
        other.put_place("oslo", "Oslo")
        assert walk.ask(other, "GET /api/account/places", query=f"?format={kind}").status == 200
    refused = refusals(walk, registered(site.url), "DELETE /api/account", {"password": "wrong"})
    assert refused == "invalid_credentials"
    database.execute("update nestmap.users set role = 'user' where email <> %s", admin.email)
    assert walk.ask(admin, "DELETE /api/account").error == "last_administrator"
    assert walk.ask(other, "DELETE /api/account").status == 204


def places(walk: Walk, site: Instance, admin: Visitor, database) -> None:
    put = "PUT /api/places/{id}"
    ada = registered(site.url)
    assert walk.ask(ada, put).status == 201
    assert walk.ask(ada, put).status == 200
    assert walk.ask(ada, put, json={"name": ""}).error == "invalid_place"
    assert walk.ask(ada, "GET /api/places").json["places"]
    assert walk.ask(ada, "DELETE /api/places/{id}", id="oslo").status == 204
    assert walk.ask(ada, "DELETE /api/places/{id}", id="oslo").error == "not_found"
    database.execute(
        "insert into nestmap.places (user_id, id, name, note)"
        " select u.id, 'p' || n, 'Oslo', '' from nestmap.users u, generate_series(1, 1000) n"
        " where email = %s",
        ada.email,
    )
    assert walk.ask(ada, put, id="more").error == "map_full"
    guest = Visitor(site.url)
    long = {"name": "Oslo", "note": "n" * 500}
    full = [walk.ask(guest, put, id=f"p{n}", json=long).status for n in range(8)]
    assert full[-1] == 413
    crowd = {"X-Forwarded-For": "203.0.113.7"}
    begun = [walk.ask(Visitor(site.url), put, headers=crowd).status for _ in range(30)]
    assert {*begun} == {201, 429}
    # None of this network may begin a session any more.
    limited = [n for n in CHANGES if (429, "too_many_sessions") in document.listed(n)]
    for name in limited:
        assert walk.ask(Visitor(site.url), name, headers=crowd).status == 429


def administration(walk: Walk, admin: Visitor, database) -> None:
    walk.ask(admin, "GET /api/admin/session-stats")
    database.execute(
        "insert into nestmap.users (email, password_hash)"
        " select 'many-' || n || '@example.org', 'x' from generate_series(1, 60) n"
    )
    page = walk.ask(admin, "GET /api/admin/users", query="?q=many-").json
    assert len(page["users"]) == 50
    rest = walk.ask(admin, "GET /api/admin/users", query=f"?q=many-&cursor={page['next']}").json
    assert (len(rest["users"]), rest["next"]) == (10, None)
    many, change = page["users"][0]["id"], "PATCH /api/admin/users/{id}"
    assert walk.ask(admin, change, id=many, json={"disabled": True}).status == 200
    assert walk.ask(admin, change).error == "not_found"
    me = admin.session()["user"]["id"]
    assert walk.ask(admin, change, id=me, json={"role": "user"}).error == "last_administrator"
    assert walk.ask(admin, "GET /api/admin/users", query="?q=many-1@").json["users"]
    assert walk.ask(admin, "GET /api/admin/events").json["events"]
    sessions, end = "GET /api/admin/sessions", "DELETE /api/admin/sessions/{id}"
    assert walk.ask(admin, sessions, query=f"?user={me}").json["sessions"]
    walk.ask(admin, sessions, query="?user=ada")
    guest = Visitor(*admin.urls)
    guest.put_place("oslo")
    assert walk.ask(admin, end, id=guest.session()["session"]["id"]).status == 204
    assert walk.ask(admin, end).error == "not_found"
    assert walk.ask(admin, end, id="oslo").error == "invalid_id"
    for span in ("day", "week", "month"):
        assert walk.ask(admin, "GET /api/admin/history", query=f"?span={span}").json["span"] == span
    walk.ask(admin, "GET /api/admin/history", query="?span=year")


def without_the_database(walk: Walk, admin: Visitor, relay) -> None:
    relay.refuse()
    relay.reset()
    walk.everywhere(admin, (503, "unavailable"))
    relay.heal()
    walk.ask(admin, "GET /livez")
    wait_until(lambda: walk.ask(admin, "GET /readyz").status == 200, "the database to be back")


def starting(walk: Walk, admin: Visitor, database, start) -> None:
    """The database answers and has its schema, but one table is locked."""
    with database.transaction("lock table nestmap.users in access exclusive mode"):
        new = start.begin(database.url)
        wait_until(lambda: connectable(new.port), "a listener")
        walk.everywhere(at(new, admin), (503, "starting"), set(OPERATIONS) - {"GET /readyz"})
        wait_until(
            lambda: walk.ask(Visitor(new.url), "GET /readyz").error == "starting", "readiness"
        )
    new.wait_until_ready()


def stopping(walk: Walk, database, relay, start) -> None:
    """Send requests on an open connection, while a request is still being answered."""
    leaving = start(database.url_at(relay.port))
    visitor = registered(leaving.url)
    monitor = http.client.HTTPConnection("127.0.0.1", leaving.port, timeout=10)
    ready = {answered(monitor).status}
    relay.freeze()
    sent = visitor.send("GET", "/api/places")
    leaving.signal()
    wait_until(lambda: "stopping" in leaving.output, "the drain")
    answer = answered(monitor)
    relay.heal()
    assert sent.answer().status == 200
    assert (ready, answer.error) == ({200}, "stopping")
    walk.seen["GET /readyz"].add(document.of("GET /readyz", answer))


def answered(connection: http.client.HTTPConnection) -> Answer:
    connection.request("GET", "/readyz")
    response = connection.getresponse()
    return Answer(response.status, response.msg, response.read())


def in_production_over_http(walk: Walk, admin: Visitor, database, start) -> None:
    production = start(database.url, NESTMAP_ENV="production")
    walk.everywhere(at(production, admin), (403, "https_required"))


def a_fault_of_the_site(walk: Walk, admin: Visitor, database, folder) -> None:
    """Start a copy of the site whose handlers fail."""
    base = copy_checkout(folder / "checkout") / "handlers/base.py"
    begin = "    async def prepare(self) -> None:\n"
    assert begin in base.read_text()
    base.write_text(base.read_text().replace(begin, begin + "        raise LookupError\n"))
    program = base.parent.parent / "run.py"
    broken = Instance(
        folder, program=program, DATABASE_URL=database.url, PORT=free_port(), PYTHONPATH=""
    )
    try:
        wait_until(lambda: connectable(broken.port), broken.output)
        walk.everywhere(at(broken, admin), (500, "internal_error"))
    finally:
        broken.kill()


def at(instance: Instance, visitor: Visitor) -> Visitor:
    """Return the same visitor at another instance."""
    twin = visitor.twin()
    twin.urls = (instance.url,)
    return twin
