"""Fixtures for tests over HTTP."""

import json
from collections.abc import Callable
from functools import partial

import pytest
from tornado.web import Application

from nestmap.sessions import Sessions
from tests.support.commands import nestmap
from tests.support.cookies import SetCookie
from tests.support.database import Database
from tests.support.instance import SECRET, Instance
from tests.support.visitor import PASSWORD, Visitor, new_email


@pytest.fixture
def ada(visitor: Visitor) -> Visitor:
    """Return a member with a place."""
    visitor.put_place("lisbon", "Lisbon")
    visitor.register()
    return visitor


@pytest.fixture
def phone(ada: Visitor) -> Visitor:
    """Return another device of ada's, which is signed in."""
    phone = ada.twin()
    phone.jar.clear()
    phone.sign_in()
    return phone


@pytest.fixture(scope="module")
def new_admin(
    site: Instance, shared_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Visitor]:
    """Return a function that makes an administrator by command and signs in."""

    def make() -> Visitor:
        admin = Visitor(site.url)
        admin.email = new_email()
        made = nestmap(
            *("create-user", admin.email, "--admin", "--keep-password"),
            stdin=PASSWORD + "\n",
            database_url=shared_database.url,
            directory=tmp_path_factory.mktemp("admin"),
        )
        assert made.returncode == 0, made.stderr
        assert admin.sign_in().status == 200
        return admin

    return make


@pytest.fixture
def make_app(io_loop, database):
    """Return `make_app(routes, **settings)`: an application with sessions, for the fixture `app`."""
    sessions = Sessions(database.url, secret=SECRET, cookie_name="nestmap.sid", prune=0)
    yield partial(Application, sessions=sessions)

    async def close():
        assert await sessions.close(5)

    io_loop.run_sync(close)


@pytest.fixture
def ask(http_client, base_url):
    """Return `ask(path, value)`, which sends the value and keeps the cookies of the response."""
    jar = {}

    async def ask(path, value=None, *, method="POST"):
        headers = {"Cookie": "; ".join(f"{name}={text}" for name, text in jar.items())}
        body = json.dumps(value) if method == "POST" else None
        answer = await http_client.fetch(
            base_url + path,
            method=method,
            headers=headers if jar else {},
            body=body,
            follow_redirects=False,
            request_timeout=5,
            raise_error=False,
        )
        for header in answer.headers.get_list("Set-Cookie"):
            cookie = SetCookie.parse(header)
            jar[cookie.name] = cookie.value
        return answer

    ask.cookies = lambda: {"Cookie": "; ".join(f"{name}={text}" for name, text in jar.items())}
    return ask
