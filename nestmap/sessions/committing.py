"""A request handler that commits what it changed before its response is sent."""

import asyncio
import logging
from functools import partial
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.web import RequestHandler

from nestmap.database import DatabaseError, lift_limit, seconds_spent
from nestmap.sessions.failures import failure_of, log_level
from nestmap.sessions.hold import HeldConnection, Response
from nestmap.sessions.sessions import Sessions
from nestmap.sessions.writes import End, SessionEnded, Touch, Write, Written

log = logging.getLogger("nestmap.sessions")


class CommittingHandler(RequestHandler):
    """Holds the response, commits, and releases or replaces the response.

    SessionHandler, which is based on it, decides in ``_plan_at_end()`` what there is to commit.
    """

    # These fields have defaults, because finish() runs without prepare() after an unknown method, an invalid
    # body or a refused origin.
    _write: Write | None = None  # what finish() found to commit
    _held: HeldConnection | None = None  # records the response until that is committed
    _written: Written | None = None  # the row, once it is committed
    _saved_cookie: str | None = None  # the Set-Cookie of what save_session() committed
    _commit_began = False  # finish() has begun the commit, or there is none

    @property
    def sessions(self) -> Sessions:
        """The session layer of the application: ``Application(..., sessions=Sessions(...))``."""
        sessions: Sessions = self.settings["sessions"]
        return sessions

    # For sites to override

    def commit_failed(self, error: BaseException) -> Response:
        """Return the response that replaces one whose session could not be loaded or committed.

        ``error`` is a DatabaseError, SessionEnded, SessionTooLarge or SessionTextError, or after a
        defect of the layer another exception. The response must not depend on the state of the handler,
        which may have finished.
        """
        failure = failure_of(error)
        body = failure.message.encode()
        headers = {"Content-Type": "text/plain; charset=UTF-8", "Cache-Control": "no-store"}
        if failure.retry_after:
            headers["Retry-After"] = str(failure.retry_after)
        return Response(failure.status, HTTPHeaders(headers), body)

    @property
    def request_name(self) -> str:
        """The name of this request in log lines of the layer."""
        return f"{self.request.method} {self.request.path}"

    def response_sent(self) -> None:
        """Log the request, for example; called when its response was handed to the connection.

        It is also called if the response was cut off, because it had begun and its commit failed.
        """

    # The end of a request

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Finish the response; if there is something to commit, hold it until after the commit."""
        if self._commit_began:
            # Tornado would notice this too, but after a second hold.
            raise RuntimeError("finish() called twice")
        self._write = self._plan_at_end()
        if self._write:
            self._hold()
        try:
            return super().finish(chunk)
        except BaseException:
            if self._held is not None and not self._finished:
                # The handler could not finish and will send an error response.
                self.request.connection = self._held.connection
                self._held = self._write = None
            raise
        finally:
            # Also if an on_finish() of the site failed or did not call the one below: the client waits.
            if self._finished and not self._commit_began:
                self._commit()

    def on_finish(self) -> None:
        """Commit the session, and then release the response."""
        if not self._commit_began:
            self._commit()

    def _plan_at_end(self) -> Write | None:
        """Return what to commit before the response is sent, or None."""
        raise NotImplementedError

    def _cookie_for(self, write: Write | None, written: Written | None) -> str | None:
        """Return the Set-Cookie header after a commit: for a renewed row, or to clear it after an end."""
        if written and written.max_age is not None:
            return self.sessions.cookie.set(written.sid, written.max_age)
        return self.sessions.cookie.clear() if isinstance(write, End) else None

    def _hold(self) -> None:
        connection = self.request.connection
        assert connection is not None, "a request that is not finished has its connection"
        self._held = HeldConnection(connection)
        self.sessions.answers.held += 1
        self.request.connection = self._held

    def _commit(self) -> None:
        """Commit the session, and release the response; without a commit it was not held."""
        self._commit_began = True
        waited = seconds_spent()
        # A WebSocket continues in this task, so the limit of the request must end here.
        lift_limit()
        held, write = self._held, self._write
        if held is None or write is None:
            self.response_sent()
            return
        try:
            # It raises Overloaded at once; the future has any other error.
            committed = self.sessions.commit(write, waited=waited)
        except DatabaseError as error:
            self._not_committed(held, error)
        else:
            # A partial and not a closure: it would make a cycle of handler and future, which only the
            # garbage collector frees. Its pauses were half of the p99 latency of writes.
            committed.add_done_callback(partial(self._committed, held))

    def _committed(self, held: HeldConnection, committed: asyncio.Future[Written | None]) -> None:
        # It was not cancelled: only this callback has the future.
        error = committed.exception()
        if error is None:
            self._release(held, committed.result())
        else:
            self._not_committed(held, error)

    def _not_committed(self, held: HeldConnection, error: BaseException) -> None:
        """Replace the response, but not because of a renewal: without it the session is unchanged."""
        if isinstance(self._write, Touch):
            self._release(held, None)
        else:
            self._replace(held, error)

    def _release(self, held: HeldConnection, written: Written | None) -> None:
        """Send the response, with the cookie of the row that was written."""
        self._written = written
        try:
            held.release(self._cookie_for(self._write, written) or self._saved_cookie)
        except Exception:
            # Nothing awaits this call: without closing the connection, the client would wait.
            held.cut()
            raise
        finally:
            self.response_sent()

    def _replace(self, held: HeldConnection, error: BaseException) -> None:
        """Replace the response, because its session was not committed."""
        name = type(error).__name__
        log.log(log_level(error), "%s not committed: %s %s", self.request_name, name, error)
        try:
            self.sessions.answers.failed[failure_of(error).code] += 1
            response = self.commit_failed(error)
            # A copy: the site may return the same Response for each request.
            headers = response.headers.copy()
            if self._saved_cookie and not isinstance(error, SessionEnded):
                # A commit of save_session() is kept, and needs its cookie.
                headers.add("Set-Cookie", self._saved_cookie)
            headers["Content-Length"] = str(len(response.body))
            headers["Vary"] = "Cookie"
            self.set_status(response.status)
            body = b"" if self.request.method == "HEAD" else response.body
            held.replace(Response(response.status, headers, body))
        except Exception:
            held.cut()
            raise
        finally:
            self.response_sent()

    def _send_failure(self, error: BaseException) -> bool:
        """Send the response of commit_failed(); return False if it has a fault, which is logged."""
        try:
            self._send(self.commit_failed(error))
        except Exception:
            if self._finished:
                raise
            log.exception("%s: commit_failed() failed", self.request_name)
        return self._finished

    def _send(self, response: Response) -> None:
        """Send a complete response through Tornado."""
        self.clear()
        # Tornado keeps the cookies of set_cookie() in this private attribute, also in clear().
        self.__dict__.pop("_new_cookie", None)
        self.set_status(response.status)
        for name, value in response.headers.get_all():
            self.set_header(name, value)
        self.set_header("Vary", "Cookie")
        self.finish(response.body)
