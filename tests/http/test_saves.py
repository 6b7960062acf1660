"""save_session() beside other work of its request: none of both is lost."""

import asyncio
import json

import pytest
from tornado.web import HTTPError

from nestmap.sessions import SessionHandler
from tests.support.cookies import SetCookie


class Show(SessionHandler):
    def get(self):
        self.write({"data": dict(self.session), "user": self.current_user})


class Keep(SessionHandler):
    def post(self):
        self.session.update(json.loads(self.request.body))


class SaveWhile(SessionHandler):
    """Calls a method of the session while it is being saved for the first time."""

    async def post(self, method):
        self.session["saved"] = 1
        saving = asyncio.ensure_future(self.save_session())
        await asyncio.sleep(0)
        arguments = ["bob"] if method == "sign_in" else []
        getattr(self.session, method)(*arguments)
        self.session["later"] = 1
        user = self.current_user
        await saving
        assert self.current_user == user


class SaveTwiceAtOnce(SessionHandler):
    async def post(self, method):
        self.session["a"] = 1
        if method == "rotate":
            self.session.rotate()
        await asyncio.gather(self.save_session(), self.save_session())


class EndDuringSave(SessionHandler):
    """Ends its response before save_session() has returned."""

    async def post(self, how):
        self.session["a"] = 1
        self.session.rotate()
        self.saving = asyncio.ensure_future(self.save_session())
        await asyncio.sleep(0)
        if how == "raise":
            raise HTTPError(404)
        if how == "send_error":
            self.send_error(404)
        elif how == "flush":
            await self.flush()
        else:
            self.finish()


class SaveAfterFinish(SessionHandler):
    """Stores two values, the second one after its response, while another request stores a newer first one."""

    async def post(self, what):
        if what != "nothing":
            self.session["a"] = 1
        await self.finish()
        self.application.settings["meanwhile"]()
        self.session["b"] = 1
        try:
            await self.save_session()
        except RuntimeError as error:
            self.application.settings["refused"].append(str(error))
        finally:
            self.application.settings["saved"].set()


class FinishTwice(SessionHandler):
    """Stores a value after its response, and finishes again before it saves the value."""

    async def post(self):
        await self.finish()
        self.session["b"] = 1
        try:
            self.finish()
        except RuntimeError as error:
            self.application.settings["refused"].append(str(error))
        try:
            await self.save_session()
        finally:
            self.application.settings["saved"].set()


class CancelSave(SessionHandler):
    async def post(self, method):
        self.session["a"] = 1
        if method == "sign_in":
            self.session.sign_in("ada")
        elif method == "rotate":
            self.session.rotate()
        saving = asyncio.ensure_future(self.save_session())
        await asyncio.sleep(0)
        saving.cancel()
        try:
            await saving
        except asyncio.CancelledError:
            self.write("cancelled")


ROUTES = [
    (r"/show", Show),
    (r"/keep", Keep),
    (r"/save-while/(\w+)", SaveWhile),
    (r"/save-twice-at-once/(\w+)", SaveTwiceAtOnce),
    (r"/end-during-save/(\w+)", EndDuringSave),
    (r"/cancel-save/(\w+)", CancelSave),
    (r"/save-after-finish/(\w+)", SaveAfterFinish),
    (r"/finish-twice", FinishTwice),
]


@pytest.fixture
def app(make_app):
    return make_app(ROUTES, meanwhile=lambda: None, refused=[], saved=asyncio.Event())


@pytest.fixture(params=["new", "stored"])
def begun(request, io_loop, ask, database):
    """Begin with a session that is stored, or without one."""
    if request.param == "stored":
        io_loop.run_sync(lambda: ask("/keep", {"before": 1}))
    return {"before": 1} if request.param == "stored" else {}


async def shown(ask):
    return json.loads((await ask("/show", method="GET")).body)


@pytest.mark.gen_test
async def test_a_sign_out_during_a_save_is_committed(ask, begun, database):
    answer = await ask("/save-while/sign_out")
    assert answer.code == 200
    assert await shown(ask) == {"data": {"later": 1}, "user": None}
    assert database.value("select count(*) from session") == 1


@pytest.mark.gen_test
async def test_a_sign_in_during_a_save_is_committed(ask, begun, database):
    answer = await ask("/save-while/sign_in")
    assert answer.code == 200
    assert await shown(ask) == {"data": begun | {"saved": 1, "later": 1}, "user": "bob"}
    assert database.value("select count(*) from session") == 1


@pytest.mark.gen_test
async def test_a_rotation_during_a_save_is_committed(ask, database):
    await ask("/keep", {"before": 1})
    before = database.value("select sid from session")
    assert (await ask("/save-while/rotate")).code == 200
    assert await shown(ask) == {"data": {"before": 1, "saved": 1, "later": 1}, "user": None}
    assert database.value("select sid from session") != before


@pytest.mark.gen_test
@pytest.mark.parametrize("method", ["nothing", "rotate"])
async def test_two_saves_at_once_make_one_session(ask, begun, database, method):
    answer = await ask(f"/save-twice-at-once/{method}")
    assert answer.code == 200
    assert (await shown(ask))["data"] == begun | {"a": 1}
    assert database.value("select count(*) from session") == 1


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("how", "status"), [("raise", 404), ("send_error", 404), ("flush", 500), ("finish", 500)]
)
async def test_a_response_before_the_end_of_a_save_is_an_error_with_its_cookie(
    ask, begun, database, how, status
):
    assert (await ask(f"/end-during-save/{how}")).code == status
    assert (await shown(ask))["data"] == begun | {"a": 1}
    assert database.value("select count(*) from session") == 1


@pytest.mark.gen_test
@pytest.mark.parametrize("method", ["nothing", "rotate", "sign_in"])
async def test_a_save_that_is_cancelled_leaves_the_client_with_its_session(
    ask, begun, database, method
):
    """A request that gives up waiting does not know the new sid otherwise."""
    answer = await ask(f"/cancel-save/{method}")
    assert (answer.code, answer.body) == (200, b"cancelled")
    user = "ada" if method == "sign_in" else None
    assert await shown(ask) == {"data": begun | {"a": 1}, "user": user}
    assert database.value("select count(*) from session") == 1


@pytest.mark.gen_test
async def test_a_sign_out_during_the_first_save_of_a_session_ends_it(ask, database):
    cookies = (await ask("/save-while/sign_out")).headers.get_list("Set-Cookie")
    assert [SetCookie.parse(cookie).clears for cookie in cookies] == [False]
    assert database.value("select sess ->> 'saved' from session") is None


@pytest.mark.gen_test
async def test_a_save_after_a_response_that_committed_is_an_error(ask, app, begun, database):
    """It would store the values of the first commit again, over those of a later request."""
    app.settings["meanwhile"] = lambda: database.execute(
        "update session set sess = (sess::jsonb || '{\"a\": 2}')::json"
    )
    assert (await ask("/save-after-finish/change")).code == 200
    await app.settings["saved"].wait()
    assert len(app.settings["refused"]) == 1
    assert (await shown(ask))["data"] == begun | {"a": 2}


@pytest.mark.gen_test
async def test_a_save_after_a_response_that_committed_nothing_is_committed(ask, app, database):
    await ask("/keep", {"before": 1})
    assert (await ask("/save-after-finish/nothing")).code == 200
    await app.settings["saved"].wait()
    assert await shown(ask) == {"data": {"before": 1, "b": 1}, "user": None}
    assert app.settings["refused"] == []


@pytest.mark.gen_test
async def test_a_second_finish_is_an_error_and_takes_nothing_from_a_save_after_it(
    ask, app, database
):
    await ask("/keep", {"before": 1})
    assert (await ask("/finish-twice")).code == 200
    await app.settings["saved"].wait()
    assert await shown(ask) == {"data": {"before": 1, "b": 1}, "user": None}
    assert app.settings["refused"] == ["finish() called twice"]
