"""Handlers that override methods of Tornado and of the layer."""

import pytest
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError

from nestmap.sessions import Response, SessionEnded, SessionHandler, SessionTooLarge
from tests.support.cookies import SetCookie

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


class FailsToCheck(Keep):
    """Has a fault in check_new_session(), and answers 404."""

    def check_new_session(self):
        raise RuntimeError("check_new_session() failed")

    def post(self):
        self.session["a"] = 1
        raise HTTPError(404)


class FailsToAnswer(Keep):
    def commit_failed(self, error):
        raise RuntimeError("commit_failed() failed")

    def post(self):
        raise SessionEnded


class Refuses(Keep):
    """Refuses the first new session that it is asked about, as at the end of a limit for some time."""

    def check_new_session(self):
        self.application.settings["asked"] += 1
        if self.application.settings["asked"] == 1:
            raise HTTPError(429)

    async def post(self):
        self.session["a"] = 1
        await self.save_session()


class Recovers(Keep):
    """Catches the error of finish() and goes on."""

    def post(self):
        self.session["list"] = []
        self.session["list"].append("x" * 70_000)
        try:
            self.finish()
        except SessionTooLarge:
            del self.session["list"]
            self.session["a"] = 2
            self.finish("recovered")


ROUTES = [
    (r"/fails-to-check", FailsToCheck),
    (r"/fails-to-answer", FailsToAnswer),
    (r"/refuses", Refuses),
    (r"/recovers", Recovers),
    (r"/keep", Keep),
    (r"/without-super", WithoutSuper),
    (r"/fails", Fails),
    (r"/save-and-fail/(\w+)", SaveAndFail),
    (r"/save-twice/(\w+)", SaveTwice),
]


@pytest.fixture
def app(make_app):
    return make_app(ROUTES, sent=[], finished=0, asked=0)


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
    assert answer.headers["Vary"] == "Cookie"
    assert list(UNAVAILABLE.headers) == ["Content-Type"]


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["save", "finish"])
async def test_the_cookie_of_a_session_that_ended_meanwhile_is_not_sent(ask, app, database, how):
    """Another request may have signed in and sent a newer cookie."""
    app.settings["meanwhile"] = lambda: database.execute("delete from session")
    answer = await ask(f"/save-twice/{how}")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (401, [])


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/fails-to-check", "/fails-to-answer"])
async def test_a_fault_of_the_site_while_an_error_is_sent_is_a_500(ask, app, database, path):
    """The client does not wait for a response that never comes."""
    assert (await ask(path)).code == 500
    assert database.value("select count(*) from session") == 0
    assert app.settings["sent"] == [500]


@pytest.mark.gen_test
async def test_a_new_session_that_was_refused_is_not_stored_with_the_error(ask, app, database):
    answer = await ask("/refuses")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (429, [])
    assert app.settings["asked"] == 1
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_a_handler_that_recovers_from_an_error_of_finish_commits(ask, database):
    answer = await ask("/recovers")
    assert (answer.code, answer.body) == (200, b"recovered")
    assert database.value("select sess::jsonb - 'cookie' from session") == {"a": 2}
