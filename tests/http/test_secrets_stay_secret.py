"""G14: no sid, cookie, secret or password in a log, a metric, a page or an error."""

import hashlib

import pytest

from tests.support.cluster import PASSWORD as DATABASE_PASSWORD
from tests.support.commands import nestmap
from tests.support.instance import SECRET
from tests.support.sabotage import refused_commits, refused_writes
from tests.support.sids import sid_of
from tests.support.visitor import COOKIE, Visitor

PREVIOUS = "the-previous-secret-of-the-tests-long-enough"
PASSWORDS = ["hunter2-hunter2-hunter2", "a wrong password 4711", "short-pw"]


@pytest.fixture(params=[pytest.param("text", marks=pytest.mark.long), "json"])
def talkative(request, database, relay, start_instance):
    """Start an instance that logs at level debug."""
    return start_instance(
        database.url_at(relay.port),
        LOG_LEVEL="debug",
        LOG_FORMAT=request.param,
        SESSION_SECRET_PREVIOUS=PREVIOUS,
    )


def busy_scenario(visitor: Visitor, database, relay) -> tuple[set[str], list[str]]:
    """Send each kind of request, with and without faults; return the secrets and the responses."""
    secrets, answers = set(), []

    def note(answer):
        answers.append(str(answer.headers) * (not answer.cookies) + answer.text)
        if visitor.cookie:
            secrets.update((visitor.cookie.strip('"'), visitor.cookie.strip('"').split("|")[-1]))
            secrets.update(row.sid for row in database.all("select sid from session"))
        return answer

    right, wrong, short = PASSWORDS
    note(visitor.put_place("lisbon"))
    note(visitor.register(password=short))
    note(visitor.register(password=right))
    sid = sid_of(visitor, database)
    note(visitor.twin().register(password=wrong))
    note(visitor.twin().sign_in(password=wrong))
    note(visitor.sign_in(password=right))
    note(visitor.post("/login", form={"email": visitor.email, "password": wrong}))
    note(visitor.post("/register", form={"email": "nobody", "password": wrong}))
    note(visitor.post("/api/auth/login", body=f'{{"password": "{right}"', headers={}))
    for path in ("/", "/account", "/admin", "/api/auth/session", "/nothing", "/api/nothing"):
        note(visitor.get(path))
    for cookie in (f"{visitor.cookie}x", f"x{visitor.cookie}", f"s%3A{sid}.abc", sid):
        note(Visitor(*visitor.urls).get("/", headers={"Cookie": f"{COOKIE}={cookie}"}))
        secrets.add(cookie.strip('"'))
    for refusal in (refused_writes, refused_commits):
        with refusal(database):
            note(visitor.put_place("oslo"))
            note(visitor.sign_in(password=right))
            note(Visitor(*visitor.urls).put_place("oslo"))
    with database.transaction("lock table session in access exclusive mode"):
        behind_a_lock = visitor.put_place("oslo")
    note(behind_a_lock)
    relay.reset()
    note(visitor.put_place("porto"))
    relay.refuse()
    note(visitor.put_place("porto"))
    note(visitor.sign_in(password=right))
    relay.accept()
    database.execute("update nestmap.users set password_hash = '$argon2id$broken'")
    note(visitor.twin().sign_in(password=right))
    database.execute('update session set sess = \'{"place:x": 7, "cookie": 8}\'')
    note(visitor.get("/"))
    note(visitor.get("/api/places"))
    note(visitor.sign_out())
    return secrets, answers


def test_logs_and_responses_contain_no_secret_also_under_faults(talkative, database, relay):
    visitor = Visitor(talkative.url)
    secrets, answers = busy_scenario(visitor, database, relay)
    assert talkative.stop() == 0
    secrets |= {SECRET, PREVIOUS, DATABASE_PASSWORD, *PASSWORDS}
    secrets |= {hashlib.sha256(secret.encode()).hexdigest() for secret in (SECRET, PREVIOUS)}
    log, answered = talkative.output, "\n".join(answers)
    assert len(secrets) > 10
    assert log.count("\n") > 20, "a log that says nothing proves nothing"
    assert [secret for secret in secrets if secret in log] == []
    assert [secret for secret in secrets if secret in answered] == []


@pytest.mark.parametrize("command", [["migrate"], ["stats"], ["prune"]])
def test_an_unreachable_database_is_named_without_its_password(command, tmp_path):
    url = f"postgresql://postgres:{DATABASE_PASSWORD}@127.0.0.1:9/nestmap"
    failed = nestmap(*command, database_url=url, directory=tmp_path)
    assert failed.returncode != 0
    assert failed.stderr.strip()
    assert DATABASE_PASSWORD not in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_password_that_the_database_refuses_is_not_printed(tmp_path, cluster):
    url = f"postgresql://nobody:{DATABASE_PASSWORD}@127.0.0.1:{cluster.port}/nothing"
    failed = nestmap("migrate", database_url=url, directory=tmp_path)
    assert failed.returncode != 0
    assert DATABASE_PASSWORD not in failed.stdout + failed.stderr
