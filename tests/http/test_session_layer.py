"""The session layer as handlers see it: the handlers of this file run in this process."""

import gc
import json
from contextlib import ExitStack

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import HTTPStreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler, websocket_connect

from handlers.access import Access
from handlers.application import make_app
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.routes import APPLICATION_SETTINGS
from nestmap.database import Hosts, Overloaded
from nestmap.services import Services
from nestmap.sessions import SessionEnded, SessionTooLarge, SessionValueError
from nestmap.settings import settings_from
from tests.support.cookies import SetCookie
from tests.support.instance import SECRET
from tests.support.sabotage import refused_writes

UNFIT = [float("nan"), float("inf"), object(), b"bytes", {1, 2}, (1, 2), "\ud800", "a\0b", {1: "a"}]
UNFIT += [["deep", {"er": float("-inf")}], {"a": object()}, {"\ud800": 1}, {"\0": 1}, 1 + 2j]


class Anyone(BaseHandler):
    access = Access.ANYONE
    accepts_ended = True  # what the layer does then is tested here


class Show(Anyone):
    def get(self):
        self.finish(dict(self.session))


class Keep(Anyone):
    def post(self):
        self.session.update(json.loads(self.request.body))
        self.finish("kept")


class KeepInPlace(Anyone):
    def post(self):
        self.session["list"].append(json.loads(self.request.body))
        self.finish("kept")


class Append(Anyone):
    def post(self):
        self.session["trip"]["stops"].append("oslo")
        self.finish("appended")


class Fail(Anyone):
    def post(self):
        self.session["lost"] = 1
        raise RuntimeError("the handler failed")


class Answer(Anyone):
    def post(self, status):
        self.session["status"] = status
        self.set_cookie("theme", "dark")
        if int(status) in {404, 409}:
            raise HTTPError(int(status))
        self.set_status(int(status))
        self.finish()


class SendError(Anyone):
    def post(self, status):
        self.session["status"] = status
        self.send_error(int(status))


class FailTwice(Anyone):
    def post(self):
        self.session["lost"] = 1
        self.finish()

    def commit_failed(self, error):
        raise RuntimeError("the error page failed, too")


class Refuse(Anyone):
    def post(self):
        refusals = []
        for number, value in enumerate(UNFIT):
            try:
                self.session[f"key-{number}"] = value
            except SessionValueError as error:
                refusals.append(f"key-{number}" in str(error))
        self.finish({"refusals": refusals, "kept": list(self.session)})


class Grow(Anyone):
    def post(self):
        try:
            self.session["large"] = "x" * 3000
        except SessionTooLarge:
            self.session["small"] = "x"
        self.finish()


class StoreInvalid(Anyone):
    def post(self):
        self.session["list"] = []
        self.session["list"].append(float("nan"))
        self.finish("invalid")


class StoreInvalidAndRaise(Anyone):
    def post(self):
        self.session["list"] = []
        self.session["list"].append(object())
        raise SiteError(404, "not_found", "There is nothing here.")


class SaveAndGoOn(Anyone):
    async def post(self):
        stops = self.session.setdefault("stops", ["lisbon"])
        await self.save_session()
        self.settings.get("meanwhile", lambda: None)()
        stops.append("oslo")
        self.finish("saved twice")


class RefuseNew(Keep):
    def check_new_session(self):
        raise HTTPError(429)


class RefuseNewAfterError(Anyone):
    def check_new_session(self):
        self.application.settings["asked"] += 1
        if self.get_argument("refuse", ""):
            raise HTTPError(429)

    def post(self):
        self.session["a"] = 1
        if self.get_argument("send", ""):
            self.send_error(404)
        else:
            raise HTTPError(404)


class SaveAndRead(Anyone):
    async def post(self):
        await self.save_session()
        self.finish(dict(self.session))


class Rotate(Anyone):
    def post(self):
        self.session.rotate()
        self.finish()


class End(Anyone):
    def post(self):
        self.session.end()
        self.finish()


class SaveTwice(Anyone):
    async def post(self):
        for number in (1, 2):
            self.session["number"] = number
            await self.save_session()
        self.finish()


class EndAndSave(Anyone):
    async def post(self):
        self.session.end()
        await self.save_session()
        self.write("first,")
        await self.flush()
        self.finish("last")


class EndAndSaveAndBegin(Anyone):
    async def post(self):
        self.session.end()
        await self.save_session()
        self.session["new"] = 1
        self.finish()


class EndAndBegin(Anyone):
    def post(self):
        self.session.end()
        self.session["new"] = 1
        self.finish()


class Redirect(Anyone):
    async def prepare(self):
        await super().prepare()
        self.session["redirected"] = True
        self.redirect("/show")

    def post(self):
        raise AssertionError("a redirect in prepare() is the end")


class Stream(Anyone):
    async def post(self, how):
        if how in {"saved", "forgotten"}:
            self.session["stream"] = how
        if how == "saved":
            await self.save_session()
        self.write("first,")
        await self.flush()
        if how in {"late", "large"}:
            self.session["stream"] = how if how == "late" else "x" * 1990
        self.finish("last")


class StreamEnd(Anyone):
    async def post(self, when):
        if when != "late":
            self.session.sign_out()
        if when == "saved":
            await self.save_session()
        self.write("first,")
        await self.flush()
        if when == "late":
            self.session.sign_out()
        self.finish("last")


class Socket(Anyone, WebSocketHandler):
    """Stores each message under its text, before the handshake or after it."""

    async def prepare(self):
        await super().prepare()
        if text := self.get_query_argument("before", ""):
            self.session[text] = 1
        if self.get_query_argument("save", ""):
            await self.save_session()

    async def on_message(self, message):
        self.session[message] = 1
        try:
            await self.save_session()
        except (RuntimeError, SessionEnded) as error:
            self.write_message(type(error).__name__)
        else:
            self.write_message("saved")


ROUTES = [
    (r"/show", Show),
    (r"/keep", Keep),
    (r"/keep-in-place", KeepInPlace),
    (r"/append", Append),
    (r"/fail", Fail),
    (r"/answer/(\d+)", Answer),
    (r"/send-error/(\d+)", SendError),
    (r"/fail-twice", FailTwice),
    (r"/refuse", Refuse),
    (r"/grow", Grow),
    (r"/store-invalid", StoreInvalid),
    (r"/store-invalid-and-raise", StoreInvalidAndRaise),
    (r"/save-and-go-on", SaveAndGoOn),
    (r"/refuse-new", RefuseNew),
    (r"/refuse-new-after-error", RefuseNewAfterError),
    (r"/save-and-read", SaveAndRead),
    (r"/save-twice", SaveTwice),
    (r"/rotate", Rotate),
    (r"/end", End),
    (r"/end-and-begin", EndAndBegin),
    (r"/end-and-save", EndAndSave),
    (r"/end-and-save-and-begin", EndAndSaveAndBegin),
    (r"/redirect", Redirect),
    (r"/stream/(\w+)", Stream),
    (r"/stream-end/(\w+)", StreamEnd),
    (r"/socket", Socket),
]


@pytest.fixture
def app(io_loop, database):
    settings = settings_from({"SESSION_SECRET": SECRET, "SESSION_MAX_BYTES": "2000"})
    services = Services(settings, Hosts(database.url))
    io_loop.run_sync(services.open)
    yield make_app(services, ROUTES, **APPLICATION_SETTINGS)

    async def close():
        assert await services.close(5)

    io_loop.run_sync(close)


@pytest.fixture
def without_collector():
    """Disable the cyclic garbage collector: only reference counts free objects."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def connect(ask, base_url):
    """Return `connect(query)`, which opens a WebSocket with the cookies of `ask`."""

    def connect(query=""):
        url = base_url.replace("http:", "ws:") + f"/socket?{query}"
        return websocket_connect(HTTPRequest(url, headers=ask.cookies(), request_timeout=5))

    return connect


async def kept(ask):
    return json.loads((await ask("/show", method="GET")).body)


@pytest.mark.gen_test
async def test_a_stored_value_is_loaded_unchanged(ask):
    value = {"text": "ö🏔\\u0000\"'%s", "number": 1.5, "big": 2**53, "none": None, "list": [{}, []]}
    await ask("/keep", value)
    assert await kept(ask) == value


@pytest.mark.gen_test
@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("path", ["/rotate", "/end", "/end-and-begin"])
async def test_a_request_leaves_no_reference_cycle(ask, path):
    """With 44 objects in cycles per write, garbage collection was half of the p99 latency of writes."""
    for number in range(5):
        await ask("/keep", {"number": number})
        await ask(path, {"number": number + 0.5})
    handlers = [one for one in gc.get_objects() if isinstance(one, BaseHandler)]
    assert len(handlers) <= 1


@pytest.mark.gen_test
async def test_a_change_inside_a_nested_value_is_stored(ask):
    await ask("/keep", {"trip": {"stops": ["lisbon"]}})
    await ask("/append")
    assert await kept(ask) == {"trip": {"stops": ["lisbon", "oslo"]}}


@pytest.mark.gen_test
async def test_assigning_an_equal_value_is_no_change(ask, database):
    await ask("/keep", {"a": {"b": [1, "x", None]}})
    before = database.one("select xmin::text, * from session")
    answer = await ask("/keep", {"a": {"b": [1, "x", None]}})
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (200, [])
    assert database.one("select xmin::text, * from session") == before


@pytest.mark.gen_test
async def test_another_order_of_keys_is_no_change(ask):
    """PostgreSQL may return them in another order."""
    value = {"a": {"longer": 1, "z": {"bb": 2, "a": 3}}}
    await ask("/keep", value)
    answer = await ask("/keep", value)
    assert answer.headers.get_list("Set-Cookie") == []


@pytest.mark.gen_test
async def test_a_handler_that_fails_commits_nothing(ask, database):
    answer = await ask("/fail")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (500, [])
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_response_of_500_or_above_commits_nothing(ask, database, status):
    await ask("/keep", {"before": 1})
    assert (await ask(f"/answer/{status}")).code == status
    assert await kept(ask) == {"before": 1}


@pytest.mark.gen_test
@pytest.mark.parametrize("status", [200, 204, 304, 404, 409])
async def test_a_response_below_500_commits_and_sends_the_cookie(ask, status):
    answer = await ask(f"/answer/{status}")
    assert answer.code == status
    names = [SetCookie.parse(text).name for text in answer.headers.get_list("Set-Cookie")]
    assert sorted(names) == ["nestmap.sid", "theme"]
    assert await kept(ask) == {"status": str(status)}


@pytest.mark.gen_test
@pytest.mark.parametrize(("status", "stored"), [(404, {"status": "404"}), (500, {"before": 1})])
async def test_an_error_that_is_sent_commits_like_one_that_is_raised(ask, status, stored):
    await ask("/keep", {"before": 1})
    assert (await ask(f"/send-error/{status}")).code == status
    assert await kept(ask) == {"before": 1} | stored


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/keep", "/answer/404", "/send-error/404"])
async def test_storing_into_an_ended_session_is_401_also_if_the_response_is_another_error(
    ask, database, path
):
    await ask("/keep", {"before": 1})
    database.execute("delete from session")
    answer = await ask(path, {"a": 1})
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (401, [])
    assert b"was not saved" in answer.body
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_assigning_a_value_that_is_not_json_raises_an_error_with_its_key(ask, database):
    answer = json.loads((await ask("/refuse")).body)
    assert answer == {"refusals": [True] * len(UNFIT), "kept": []}
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_a_value_that_was_changed_in_place_to_invalid_json_is_not_stored(ask, database):
    answer = await ask("/store-invalid")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (500, [])
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_a_handler_that_stores_invalid_json_and_raises_an_error_gets_a_response(
    ask, app, database
):
    """The request is over: a stop does not wait for it."""
    answer = await ask("/store-invalid-and-raise")
    assert answer.code in {404, 500}
    assert answer.headers.get_list("Set-Cookie") == []
    assert database.value("select count(*) from session") == 0
    assert app.settings["services"].requests.is_quiet


@pytest.mark.gen_test
async def test_assigning_a_value_above_the_size_limit_raises_an_error(ask):
    await ask("/keep", {"before": 1})
    await ask("/grow")
    assert await kept(ask) == {"before": 1, "small": "x"}


@pytest.mark.gen_test
async def test_rotating_changes_the_sid_and_nothing_else(ask, database):
    await ask("/keep", {"a": 1})
    before = database.one("select sid, created_at from session")
    await ask("/rotate")
    after = database.one("select sid, created_at from session")
    assert after.sid != before.sid
    assert after.created_at == before.created_at
    assert await kept(ask) == {"a": 1}


@pytest.mark.gen_test
async def test_storing_after_an_end_makes_a_new_session(ask, database):
    await ask("/keep", {"a": 1})
    before = database.value("select sid from session")
    await ask("/end-and-begin")
    assert database.value("select reason from nestmap.session_endings") == "ended by its user"
    assert await kept(ask) == {"new": 1}
    assert database.value("select sid from session") != before
    await ask("/end")
    assert await kept(ask) == {}
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_a_handler_can_refuse_new_sessions_and_only_those(ask, database):
    answer = await ask("/refuse-new", {"a": 1})
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (429, [])
    assert database.value("select count(*) from session") == 0
    await ask("/keep", {"a": 1})
    assert (await ask("/refuse-new", {"a": 2})).code == 200
    assert await kept(ask) == {"a": 2}


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["", "&send=1"], ids=["raised", "sent"])
async def test_a_handler_can_refuse_the_new_session_of_an_error_response(ask, app, database, how):
    app.settings["asked"] = 0
    answer = await ask(f"/refuse-new-after-error?refuse=1{how}", {})
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (429, [])
    assert b"429" in answer.body
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["", "?send=1"], ids=["raised", "sent"])
async def test_the_new_session_of_an_error_response_is_checked_once(ask, app, how):
    app.settings["asked"] = 0
    assert (await ask(f"/refuse-new-after-error{how}", {})).code == 404
    assert app.settings["asked"] == 1
    assert await kept(ask) == {"a": 1}


@pytest.mark.gen_test
async def test_a_redirect_in_prepare_waits_for_its_commit_too(ask):
    answer = await ask("/redirect")
    assert (answer.code, answer.headers["Location"]) == (302, "/show")
    assert await kept(ask) == {"redirected": True}


@pytest.mark.gen_test
@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=ascii)
@pytest.mark.parametrize("path", ["/keep", "/keep-in-place"])
async def test_a_text_of_a_client_that_cannot_be_stored_is_400(ask, path, text):
    await ask("/keep", {"list": []})
    answer = await ask(path, {"text": text})
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (400, [])
    assert b"can&#x27;t be stored" in answer.body
    assert await kept(ask) == {"list": []}


@pytest.mark.gen_test
async def test_a_stream_sends_the_cookie_if_it_saved_its_session(ask):
    answer = await ask("/stream/saved")
    assert (answer.code, answer.body) == (200, b"first,last")
    assert await kept(ask) == {"stream": "saved"}


@pytest.mark.gen_test
async def test_a_stream_that_did_not_save_its_session_fails_and_leaves_no_row(ask, database):
    answer = await ask("/stream/forgotten")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (500, [])
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_a_session_that_is_new_after_the_first_flush_leaves_no_row(ask, database):
    with pytest.raises(HTTPStreamClosedError):
        await ask("/stream/late")
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_changes_after_the_first_flush_are_committed_at_the_end(ask):
    await ask("/keep", {"before": 1})
    answer = await ask("/stream/late")
    assert (answer.code, answer.body) == (200, b"first,last")
    assert await kept(ask) == {"before": 1, "stream": "late"}


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["saved", "forgotten"])
async def test_a_stream_that_stores_into_a_session_that_was_ended_is_401(ask, database, how):
    await ask("/keep", {"before": 1})
    database.execute("delete from session")
    answer = await ask(f"/stream/{how}")
    assert (answer.code, answer.body.startswith(b"first")) == (401, False)


@pytest.mark.gen_test
async def test_a_stream_that_saved_a_sign_out_clears_the_cookie(ask, database):
    await ask("/keep", {"before": 1})
    answer = await ask("/stream-end/saved")
    assert (answer.code, answer.body) == (200, b"first,last")
    assert SetCookie.parse(answer.headers["Set-Cookie"]).clears
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
async def test_a_stream_that_did_not_save_a_sign_out_fails_and_keeps_the_session(ask):
    await ask("/keep", {"before": 1})
    answer = await ask("/stream-end/forgotten")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (500, [])
    assert await kept(ask) == {"before": 1}


@pytest.mark.gen_test
async def test_a_sign_out_after_the_first_flush_is_committed_at_the_end(ask, database):
    await ask("/keep", {"before": 1})
    answer = await ask("/stream-end/late")
    assert (answer.code, answer.body) == (200, b"first,last")
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/end", "/stream-end/saved", "/stream-end/forgotten"])
async def test_signing_out_of_a_session_that_is_gone_clears_the_cookie(ask, database, path):
    await ask("/keep", {"before": 1})
    database.execute("delete from session")
    answer = await ask(path)
    assert answer.code == 200
    assert SetCookie.parse(answer.headers["Set-Cookie"]).clears


@pytest.mark.gen_test
async def test_a_renewal_goes_with_its_cookie_so_a_stream_leaves_it_to_the_next_request(
    ask, database
):
    await ask("/keep", {"before": 1})
    database.execute("update session set renewed_at = renewed_at - interval '10 minutes'")
    row = database.one("select * from session")
    assert (await ask("/stream/reads")).headers.get_list("Set-Cookie") == []
    assert database.one("select * from session") == row
    renewed = await ask("/show", method="GET")
    assert SetCookie.parse(renewed.headers["Set-Cookie"]).name == "nestmap.sid"
    assert database.one("select * from session") != row


@pytest.mark.gen_test
@pytest.mark.parametrize("how", ["stream", "socket"])
async def test_a_change_without_a_cookie_extends_the_session_and_leaves_the_cookie_to_the_next_request(
    ask, connect, database, how
):
    """Otherwise the browser of a visitor who only sends messages would drop the cookie of a live session."""
    await keep_a_due_session(ask, database)
    database.execute("update session set expire = expire - interval '10 minutes'")
    before = database.one("select expire, renewed_at from session")
    if how == "stream":
        await ask("/stream/late")
    else:
        socket = await connect()
        await socket.write_message("a")
        assert await socket.read_message() == "saved"
        socket.close()
    after = database.one("select expire, renewed_at from session")
    assert after.expire > before.expire
    assert after.renewed_at == before.renewed_at
    renewed = await ask("/show", method="GET")
    assert SetCookie.parse(renewed.headers["Set-Cookie"]).name == "nestmap.sid"


@pytest.mark.gen_test
async def test_a_change_without_a_cookie_leaves_an_expiry_that_has_hardly_changed(ask, database):
    """A change that leaves it is a HOT update."""
    await keep_a_due_session(ask, database)
    before = database.value("select expire from session")
    await ask("/stream/late")
    assert database.value("select expire from session") == before


@pytest.mark.gen_test
async def test_a_websocket_saves_the_changes_of_its_messages(ask, connect):
    await ask("/keep", {"before": 1})
    socket = await connect()
    await socket.write_message("a")
    assert await socket.read_message() == "saved"
    await socket.write_message("b")
    assert await socket.read_message() == "saved"
    assert await kept(ask) == {"before": 1, "a": 1, "b": 1}
    socket.close()


@pytest.mark.gen_test
async def test_a_websocket_is_opened_with_a_session_that_is_due(ask, connect, database):
    """A renewal is left to the next request, as by any handler that flushes early."""
    await keep_a_due_session(ask, database)
    socket = await connect()
    await socket.write_message("a")
    assert await socket.read_message() == "saved"
    socket.close()
    assert await kept(ask) == {"before": 1, "a": 1}


@pytest.mark.gen_test
async def test_a_websocket_saves_what_is_stored_before_its_handshake_or_is_not_opened(ask, connect):
    await ask("/keep", {"before": 1})
    (await connect("before=x&save=1")).close()
    assert await kept(ask) == {"before": 1, "x": 1}
    with pytest.raises(HTTPClientError, match="500"):
        await connect("before=y")
    assert await kept(ask) == {"before": 1, "x": 1}


@pytest.mark.gen_test
async def test_a_websocket_cannot_begin_a_session_after_its_handshake(connect, database):
    socket = await connect()
    await socket.write_message("a")
    assert await socket.read_message() == "RuntimeError"
    socket.close()
    assert database.value("select count(*) from session") == 0


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/stream/late", "/stream/large"])
async def test_a_stream_that_can_not_store_its_session_at_the_end_is_cut(ask, database, path):
    """An incomplete response is the only way left to report it."""
    await ask("/keep", {"before": 1})
    if path == "/stream/late":
        database.execute("delete from session")
    with pytest.raises(HTTPStreamClosedError):
        await ask(path)


@pytest.mark.gen_test
async def test_a_change_in_place_after_a_save_is_stored_too(ask):
    await ask("/save-and-go-on")
    assert await kept(ask) == {"stops": ["lisbon", "oslo"]}
    await ask("/save-and-go-on")
    assert await kept(ask) == {"stops": ["lisbon", "oslo", "oslo"]}


@pytest.mark.gen_test
async def test_a_saved_session_keeps_its_cookie_when_the_last_commit_fails(ask, app, database):
    with ExitStack() as trouble:
        app.settings["meanwhile"] = lambda: trouble.enter_context(refused_writes(database))
        answer = await ask("/save-and-go-on")
    assert (answer.code, len(answer.headers.get_list("Set-Cookie"))) == (503, 1)
    assert await kept(ask) == {"stops": ["lisbon"]}


@pytest.mark.gen_test
async def test_a_new_session_that_is_saved_twice_keeps_its_cookie(ask):
    answer = await ask("/save-twice")
    assert len(answer.headers.get_list("Set-Cookie")) == 1
    assert await kept(ask) == {"number": 2}


async def keep_a_due_session(ask, database):
    await ask("/keep", {"before": 1})
    database.execute("update session set renewed_at = renewed_at - interval '10 minutes'")


@pytest.mark.gen_test
async def test_saving_a_session_that_is_due_renews_it(ask, database):
    await keep_a_due_session(ask, database)
    answer = await ask("/save-and-read")
    assert (answer.code, len(answer.headers.get_list("Set-Cookie"))) == (200, 1)


@pytest.mark.gen_test
async def test_a_renewal_by_saving_that_fails_does_not_fail_the_request(ask, database):
    await keep_a_due_session(ask, database)
    with refused_writes(database):
        answer = await ask("/save-and-read")
    assert (answer.code, json.loads(answer.body)) == (200, {"before": 1})
    assert answer.headers.get_list("Set-Cookie") == []


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/show", "/save-and-read"])
async def test_a_renewal_that_is_refused_by_a_full_queue_does_not_fail_the_request(
    ask, app, database, monkeypatch, path
):
    def full(*_, **__):
        raise Overloaded("too many wait")

    await keep_a_due_session(ask, database)
    monkeypatch.setattr(app.settings["sessions"], "commit", full)
    answer = await ask(path, method="GET" if path == "/show" else "POST")
    assert (answer.code, json.loads(answer.body)) == (200, {"before": 1})


@pytest.mark.gen_test
async def test_a_session_that_is_ended_and_saved_is_ended_once(ask, app, database, caplog):
    caplog.set_level("INFO", "nestmap.access")
    await ask("/keep", {"a": 1})
    session_id = database.value("select id from session")
    answer = await ask("/end-and-save")
    assert (answer.code, answer.body) == (200, b"first,last")
    (cookie,) = answer.headers.get_list("Set-Cookie")
    assert SetCookie.parse(cookie).value == '""'
    assert database.value("select count(*) from session") == 0
    sent = {figures.name: sum(figures.sizes.counts) for figures in app.settings["sessions"].batches}
    assert sent["end_sessions"] == 1
    assert f"session={session_id}" in caplog.messages[-1]


@pytest.mark.gen_test
async def test_storing_after_an_end_was_saved_makes_a_new_session(ask, database):
    await ask("/keep", {"a": 1})
    before = database.value("select sid from session")
    answer = await ask("/end-and-save-and-begin")
    assert len(answer.headers.get_list("Set-Cookie")) == 1
    assert database.value("select sid from session") != before
    assert await kept(ask) == {"new": 1}


@pytest.mark.gen_test
async def test_an_exception_in_the_error_page_closes_the_connection(ask, app, database):
    """Neither the client nor a stop waits for it."""
    with refused_writes(database), pytest.raises(HTTPStreamClosedError):
        await ask("/fail-twice")
    assert app.settings["services"].requests.is_quiet


@pytest.mark.gen_test
async def test_a_session_that_was_saved_and_then_ended_sends_no_cookie(ask, app, database):
    """Another request may have signed in meanwhile and sent a newer cookie."""
    app.settings["meanwhile"] = lambda: database.execute("delete from session")
    answer = await ask("/save-and-go-on")
    assert (answer.code, answer.headers.get_list("Set-Cookie")) == (401, [])
    assert database.value("select count(*) from session") == 0
