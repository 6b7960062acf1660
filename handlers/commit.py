"""The commit of one request: hold its answer, write its session, release or replace the answer."""

import http.client
import logging
from asyncio import Future
from functools import partial
from typing import TYPE_CHECKING

from tornado.httputil import HTTPHeaders

from handlers.errors import answer_for, error_body, error_headers, is_page
from handlers.headers import usual_headers
from handlers.hold import HeldConnection
from nestmap.database import DatabaseError
from nestmap.sessions import Plan, SessionEnded, Written

if TYPE_CHECKING:
    from handlers.site import SiteHandler

log = logging.getLogger("nestmap.handlers")


class Commit:
    """Holds the answer of ``handler`` from the moment that it is made.

    It must not refer to the handler, which refers to it: what is left of a write would then wait
    for the collector of cycles, whose pauses were half of the 99th percentile of writes.
    """

    def __init__(self, handler: "SiteHandler", plan: Plan) -> None:
        connection = handler.request.connection
        assert connection is not None, "a request that is not finished has its connection"
        self._plan = plan
        self._held = HeldConnection(connection)
        handler.request.connection = self._held

    def give_up(self, handler: "SiteHandler") -> None:
        """Hold nothing: the handler could not finish, and will answer with an error instead."""
        handler.request.connection = self._held.connection

    def start(self, handler: "SiteHandler") -> None:
        """Write the session; what is held leaves when that is done."""
        try:
            committed = handler.site.sessions.commit(self._plan, handler.waited)
        except DatabaseError as error:
            self._replace(handler, error)
        else:
            committed.add_done_callback(partial(self._release, handler))

    def _release(self, handler: "SiteHandler", committed: Future[Written | None]) -> None:
        if error := committed.exception():
            self._replace(handler, error)
            return
        try:
            self._held.release(handler.cookie_for(committed.result()))
        except Exception:
            # Nobody awaits this; without a cut the client would wait for ever.
            self._held.cut()
            raise
        finally:
            handler.left()

    def _replace(self, handler: "SiteHandler", error: BaseException) -> None:
        """The session was not committed, so the answer is dropped for an honest error."""
        request_id = handler.request_id
        log.warning("%s not committed: %s %s", request_id, type(error).__name__, error)
        answer = answer_for(error)
        handler.set_status(answer.status)
        body = error_body(answer, handler, request_id)
        headers = HTTPHeaders(usual_headers(handler.site, request_id))
        headers.update(error_headers(answer, page=is_page(handler)))
        headers.update({"Vary": "Cookie", "Content-Length": str(len(body))})
        if handler.settled_cookie and not isinstance(error, SessionEnded):
            # What save_session() committed stands, and needs its cookie.
            headers.add("Set-Cookie", handler.settled_cookie)
        reason = http.client.responses[answer.status]
        head = handler.request.method == "HEAD"
        self._held.replace(answer.status, reason, headers, b"" if head else body)
        handler.left()
