"""Handlers that override methods of Tornado and of the layer."""

import pytest
from tornado.httputil import HTTPHeaders
from tornado.web import Application

from nestmap.sessions import Response, SessionHandler, Sessions
from tests.support.cookies import SetCookie
from tests.support.instance import SECRET

UNAVAILABLE = Response(503, HTTPHeaders({"Content-Type": "text/plain"}), b"later")


class Keep(SessionHandler):
    def post(self):
        self.session["a"] = 1
        self.write("kept")

    def response_sent(self):
        self.application.settings["sent"].append(self.get_status())


class WithoutSuper(Keep):
    """Does as the documentation of Tornado says: the method there does nothing."""

    def on_finish(self):
        self.application.settings["finished"] += 1


class Fails(Keep):
    def on_finish(self):
        raise RuntimeError("on_finish() failed")


class SaveAndFail(SessionHandler):
    """Saves its session, and stores again after it was changed by somebody else."""

    async def post(self, how):
        self.session["a"] = 1
        await self.save_session()
        self.application.settings["meanwhile"]()
        self.session["a"] = 2
        if how == "save":
            await self.save_session()

    def commit_failed(self, error):
        return UNAVAILABLE


class SaveTwice(SaveAndFail):
    def commit_failed(self, error):
        return SessionHandler.commit_failed(self, error)


ROUTES = [
    (r"/keep", Keep),
    (r"/without-super", WithoutSuper),
    (r"/fails", Fails),
    (r"/save-and-fail/(\w+)", SaveAndFail),
    (r"/save-twice/(\w+)", SaveTwice),
]


@pytest.fixture
def app(io_loop, database):
    sessions = Sessions(database.url, secret=SECRET, cookie_name="nestmap.sid", prune=0)
    yield Application(ROUTES, sessions=sessions, sent=[], finished=0)

    async def close():
        assert await sessions.close(5)

    io_loop.run_sync(close)


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/without-super", "/fails"])
async def test_on_finish_may_be_overridden_as_in_any_tornado_site(ask, app, database, path):
    for _ in range(2):
        # The first request stores the session, the second changes nothing.
        answer = await ask(path)
        assert (answer.code, answer.body) == (200, b"kept")
    assert database.value("select sess ->> 'a' from session") == "1"
    assert app.settings["sent"] == [200, 200]
    assert app.settings["finished"] == (2 if path == "/without-super" else 0)


def refuse(database):
    def refuse():
        database.execute("alter table session add constraint refuse check (sess ->> 'a' <> '2')")

    return refuse


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["save", "finish"])
async def test_a_response_of_commit_failed_may_be_shared_by_all_requests(ask, app, database, how):
    """The cookie of one visitor must not be sent to the next one."""
    app.settings["meanwhile"] = refuse(database)
    answer = await ask(f"/save-and-fail/{how}")
    assert (answer.code, answer.body) == (503, b"later")
    assert SetCookie.parse(answer.headers["Set-Cookie"]).name == "nestmap.sid"
    assert list(UNAVAILABLE.headers) == ["Content-Type"]


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["save", "finish"])
async def test_the_cookie_of_a_session_that_ended_meanwhile_is_not_sent(ask, app, database, how):
    """Another request may have signed in and sent a newer cookie."""
    app.settings["meanwhile"] = lambda: database.execute("delete from session")
    answer = await ask(f"/save-twice/{how}")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (401, [])
