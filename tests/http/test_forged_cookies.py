"""G7: a cookie that does not verify costs no query; an unknown sid is never adopted."""

import random
import string

import pytest
from tornado.web import create_signed_value

from tests.support.instance import SECRET, Instance
from tests.support.sids import count_sessions, sid_of, stored
from tests.support.visitor import COOKIE, Visitor

FRESH = {"authenticated": False, "user": None, "session": None}

JUNK = [
    *("", "x", "%", '"', '""', "=", "==", "|", "||||||", "2|", "2|1:0", "2|1:0|", "1|2|3"),
    *("2|1:0|10:1700000000|11:nestmap.sid|4:YWJj|" + "0" * 64,),
    *("2|10:4294967295|10:1700000000|11:nestmap.sid|4:YWJj|" + "0" * 64,),
    *("2|1:-1|1:x|1:y|1:z|sig", "2|99999999999:1|", "2|1:0|10:17|", "0|a|b", "3|1:0|1:0|1:0|1:0|x"),
    *("YWJj|1700000000|" + "0" * 40, "null", "true", "[]", "{}", "../../etc/passwd", "' or 1=1 --"),
    *("s%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW%2Bj7bUnP%2F5m6%2FOn1MCU", "s:apple.", "é" * 10),
    *("x" * 4000, "9" * 5000, "2|" + "9" * 5000 + ":0|", "2" * 40 + "|", "%00%00", "\x80\xff"),
    *("2|1:0|10:1700000000|11:nestmap.sid|" + "9" * 4400 + ":YWJj|x",),
]


@pytest.fixture(scope="module")
def quiet(shared_database, relay, start_shared_instance) -> Instance:
    """Start an instance that uses the database only for requests."""
    url = shared_database.url_at(relay.port)
    return start_shared_instance(url, SESSION_PRUNE_SECONDS=0)


def ask(instance: Instance, cookies: str, path: str = "/api/auth/session"):
    return Visitor(instance.url).get(path, headers={"Cookie": cookies})


def mutated(cookie: str, chance: random.Random) -> str:
    """Return the cookie with a part changed, removed, added or moved."""
    alphabet = string.ascii_letters + string.digits + "|:=-_"
    text = cookie.strip('"')
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at, other = chance.randrange(len(text)), chance.randrange(len(text))
        match chance.randrange(5):
            case 0:
                text = text[:at] + chance.choice(alphabet) + text[at + 1 :]
            case 1:
                text = text[:at] + text[at + 1 :]
            case 2:
                text = text[:at] + chance.choice(alphabet) + text[at:]
            case 3:
                text = text[:at] or "x"
            case 4:
                low, high = sorted((at, other))
                text = text[high:] + text[low:high] + text[:low]
    return text if text != cookie.strip('"') else mutated(cookie, chance)


def queries(relay) -> list[str]:
    """Return the statements sent to PostgreSQL, without events: one a minute records forged cookies."""
    return [statement for statement in relay.statements if "event" not in statement]


def test_a_thousand_mutated_cookies_are_new_visitors_and_cost_no_query(
    quiet, relay, shared_database
):
    visitor = Visitor(quiet.url)
    visitor.register()
    chance = random.Random(20261)
    relay.statements.clear()
    for _ in range(1000):
        forged = mutated(visitor.cookie or "", chance)
        answer = ask(quiet, f"{COOKIE}={forged}")
        assert (answer.status, answer.json) == (200, FRESH), forged
        assert answer.cookies == []
    assert queries(relay) == []
    assert visitor.signed_in()


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:20] or "nothing")
def test_an_invalid_cookie_is_a_new_visitor_and_costs_no_query(quiet, relay, junk):
    relay.statements.clear()
    answer = ask(quiet, f"{COOKIE}={junk}")
    assert (answer.status, answer.json) == (200, FRESH)
    assert ask(quiet, f"{COOKIE}={junk}", "/").status == 200
    assert queries(relay) == []


def test_a_cookie_signed_with_another_secret_is_a_new_visitor_and_costs_no_query(quiet, relay):
    keys = {0: "another secret of sufficient length!", 1: SECRET}
    relay.statements.clear()
    for version in keys:
        value = create_signed_value(keys, COOKIE, "a-sid", key_version=version).decode()
        assert ask(quiet, f'{COOKIE}="{value}"').json == FRESH
    old = create_signed_value(SECRET, COOKIE, "a-sid", version=1).decode()
    assert ask(quiet, f'{COOKIE}="{old}"').json == FRESH
    assert queries(relay) == []


def test_a_cookie_of_another_name_does_not_open_our_session(quiet):
    visitor = Visitor(quiet.url)
    visitor.register()
    assert ask(quiet, f"other={visitor.cookie}").json == FRESH


@pytest.mark.parametrize("order", ["first", "last", "both"])
@pytest.mark.parametrize("planted", ["junk", "", "2|1:0|10:1|11:nestmap.sid|4:YWJj|00"])
def test_an_invalid_cookie_of_our_name_does_not_hide_the_valid_one(quiet, planted, order):
    visitor = Visitor(quiet.url)
    visitor.register()
    good, bad = f"{COOKIE}={visitor.cookie}", f"{COOKIE}={planted}"
    cookies = {"first": [bad, good], "last": [good, bad], "both": [bad, good, bad]}[order]
    assert ask(quiet, "; ".join(cookies)).json["authenticated"]


@pytest.mark.parametrize(
    ("planted", "number"), [("junk", 500), (f"2|1:0|10:1|11:{COOKIE}|4:YWJj|{'0' * 64}", 100)]
)
def test_any_number_of_planted_cookies_does_not_sign_anyone_out(quiet, planted, number):
    visitor = Visitor(quiet.url)
    visitor.register()
    cookies = [f"{COOKIE}={planted}"] * number + [f"{COOKIE}={visitor.cookie}"]
    assert ask(quiet, "; ".join(cookies)).json["authenticated"]


def test_the_cookie_of_an_ended_session_does_not_hide_the_valid_one(quiet):
    visitor = Visitor(quiet.url)
    visitor.register()
    ended = visitor.cookie
    visitor.sign_out()
    visitor.sign_in()
    for cookies in ((ended, visitor.cookie), (visitor.cookie, ended)):
        assert ask(quiet, "; ".join(f"{COOKIE}={each}" for each in cookies)).json["authenticated"]


def test_an_unknown_sid_is_never_adopted(quiet, shared_database):
    visitor = Visitor(quiet.url)
    visitor.put_place("lisbon")
    sid = sid_of(visitor, shared_database)
    shared_database.execute("delete from session where sid = %s", sid)
    assert visitor.session() == FRESH
    assert visitor.put_place("oslo").error == "session_ended"
    assert not stored(shared_database, sid)
    assert visitor.register().status == 201
    assert sid_of(visitor, shared_database) != sid


def test_a_cookie_signed_with_the_previous_secret_is_accepted_and_replaced(
    quiet, shared_database, start_instance
):
    visitor = Visitor(quiet.url)
    visitor.register()
    rotated = start_instance(
        shared_database.url,
        SESSION_SECRET="the next secret of the tests, long enough",
        SESSION_SECRET_PREVIOUS=SECRET,
    )
    visitor.urls = (rotated.url, quiet.url)
    before = count_sessions(shared_database)
    assert visitor.signed_in()
    shared_database.execute("update session set renewed_at = renewed_at - interval '10 minutes'")
    assert visitor.put_place("lisbon").status == 201
    assert count_sessions(shared_database) == before
    assert not visitor.signed_in(at=1), "the new cookie is signed with the new secret"
