"""The access lines: who asked for what, from where, in both formats."""

import json
import re

import pytest

from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

LINE = re.compile(
    r"(?P<time>\S+) INFO    nestmap.access: (?P<method>\S+) (?P<path>\S+) (?P<status>\d+)"
    r" (?P<milliseconds>[0-9.]+)ms ip=(?P<ip>\S+) user=(?P<user_id>\S+)"
    r" session=(?P<session_id>\S+) request=(?P<request_id>\S+)"
)
FIELDS = {"time", "method", "path", "status", "milliseconds", "ip", "request_id"}


def parsed_text(line):
    """The fields of a line for people; what is not known is a dash."""
    found = LINE.fullmatch(line)
    return {n: v for n, v in found.groupdict().items() if v != "-"} if found else None


def parsed_json(line):
    if not line.startswith("{"):
        return None
    fields = {name: str(value) for name, value in json.loads(line).items()}
    extra = {"level", "logger", "message"}
    is_access = fields["logger"] == "nestmap.access"
    return {n: v for n, v in fields.items() if n not in extra} if is_access else None


@pytest.fixture(params=["text", "json"])
def line_of(request, shared_database, start_instance):
    """Gives the fields of the access line of an answer, and the site as an attribute."""
    site = start_instance(shared_database.url, LOG_FORMAT=request.param)
    parse = {"text": parsed_text, "json": parsed_json}[request.param]

    def line_of(answer):
        request_id = answer.headers["X-Request-Id"]

        def found():
            lines = [parse(line) for line in site.output.splitlines() if request_id in line]
            return next(filter(None, lines), None)

        return wait_until(found, f"the line of {request_id}\n{site.output}")

    line_of.site = site
    return line_of


def test_a_line_has_address_account_and_session_where_they_are_known(line_of, shared_database):
    visitor = Visitor(line_of.site.url)
    unknown = line_of(visitor.get("/login?next=%2Faccount"))
    assert set(unknown) == FIELDS
    assert (unknown["method"], unknown["path"], unknown["ip"]) == ("GET", "/login", "127.0.0.1")

    begun = line_of(visitor.put_place("oslo"))
    public_id = visitor.session()["session"]["id"]
    assert set(begun) == FIELDS | {"session_id"}
    assert begun["session_id"] == public_id

    registered = line_of(visitor.register())
    user_id = shared_database.value(
        f"select id::text from nestmap.users where email = '{visitor.email}'"
    )
    assert (registered["user_id"], registered["session_id"]) == (user_id, public_id)
    read = line_of(visitor.get("/api/places"))
    assert (read["user_id"], read["session_id"]) == (user_id, public_id)
    left = line_of(visitor.sign_out())
    assert (left["user_id"], left["session_id"]) == (user_id, public_id)
    assert set(line_of(visitor.get("/"))) == FIELDS


def test_who_signs_in_with_a_lapsed_cookie_has_the_new_session_in_the_line(
    line_of, shared_database
):
    visitor = Visitor(line_of.site.url)
    visitor.register()
    shared_database.execute("delete from session")
    line = line_of(visitor.sign_in())
    assert line["session_id"] == visitor.session()["session"]["id"]
