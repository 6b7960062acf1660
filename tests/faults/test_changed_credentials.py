"""G17: a change of credentials ends every earlier session, also those that are being made."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.commands import nestmap
from tests.support.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.long

CROWD = 25  # of each kind on each of two instances
LIMITS = {"SIGN_IN_ACCOUNT_FAILURES": 20, "SIGN_IN_NETWORK_FAILURES": 1000}
NEW = "another horse battery staple"


@pytest.fixture(scope="module")
def two(shared_database, start_shared_instance):
    started = [
        start_shared_instance.begin(shared_database.url, SESSIONS_PER_USER=1000, **LIMITS)
        for _ in range(2)
    ]
    for instance in started:
        instance.wait_until_ready()
    return started


def commands(database, directory, *lines):
    for words in lines:
        done = nestmap(*words, stdin=NEW + "\n", database_url=database.url, directory=directory)
        assert done.returncode == 0, done.stderr


CHANGES = {
    "a new password": [("set-password",)],
    "disabled and enabled": [("disable-user",), ("enable-user",)],
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_session_from_before_the_change_is_alive_after_it(
    two, shared_database, tmp_path, change
):
    owner = Visitor(*(instance.url for instance in two))
    owner.register()
    signed_in = []
    for number in range(2 * CROWD):
        visitor = Visitor(*owner.urls)
        visitor.email = owner.email
        assert visitor.sign_in(at=number % 2).status == 200
        signed_in.append(visitor)
    others = [Visitor(*owner.urls) for _ in range(2 * CROWD)]
    for other in others:
        other.email = owner.email
    version = "select version from nestmap.users where email = %s"
    before = shared_database.value(version, owner.email)
    with ThreadPoolExecutor(4 * CROWD) as crowd:
        under_way = [crowd.submit(other.sign_in, at=n % 2) for n, other in enumerate(others)]
        under_way += [
            crowd.submit(visitor.post, "/api/auth/confirm", json={"password": PASSWORD}, at=n % 2)
            for n, visitor in enumerate(signed_in)
        ]
        lines = [(*words, owner.email) for words in CHANGES[change]]
        commands(shared_database, tmp_path, *lines)
        after = shared_database.value(version, owner.email)
        for one in under_way:
            assert one.result().status in {200, 204, 401, 403, 429, 503}
    assert after > before
    for visitor in [owner, *signed_in]:
        assert not visitor.signed_in(at=1)
    # A sign-in that began after the change may succeed if the password is still the old one.
    for other in others:
        session = other.session()
        if session["authenticated"]:
            assert change == "disabled and enabled"
            assert version_of(shared_database, session) == str(after)


def version_of(database, session):
    sql = "select user_version from session where id = %s"
    return database.value(sql, session["session"]["id"])
