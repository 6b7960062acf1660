"""The base handler of a site with sessions: load, handle, plan.

Its own base, in committing.py, holds the response, commits, and releases it.
"""

import asyncio
import html
import logging
from types import TracebackType
from typing import Any

from tornado.web import HTTPError

from nestmap.database import DatabaseError, counted, lift_limit, limit_statements, seconds_spent
from nestmap.sessions.asked import Sent
from nestmap.sessions.client import client_of
from nestmap.sessions.committing import CommittingHandler
from nestmap.sessions.failures import FAILURES, failure_of, log_level
from nestmap.sessions.planning import State, plan, state_of
from nestmap.sessions.records import Record
from nestmap.sessions.session import Session
from nestmap.sessions.writes import End, Insert, SessionEnded, Touch, Update, Write, Written
from nestmap.timeouts import TIMEOUTS

log = logging.getLogger("nestmap.sessions")

FORM_FIELD = "_session"

# For the log; the client gets a 403 without it.
_NEEDS_HTTPS = (
    "sessions with secure=True need https; behind a proxy that ends TLS, start the HTTP server with"
    " xheaders=True"
)

SWITCHING_PROTOCOLS = 101

# States without a change. A renewal can be left to the next request.
_UNCHANGED = (State.FRESH, State.LAPSED, State.CLEAN, State.DUE)
# States after whose commit the client needs another cookie, or none.
_CHANGES_COOKIE = (State.NEW, State.ROTATED, State.ENDED)


class SessionHandler(CommittingHandler):
    """Loads the session, runs the handler, holds the response, commits the session, sends the response.

    A subclass reads and changes ``self.session``. It may override ``commit_failed()``,
    ``response_sent()``, ``request_name`` and ``check_new_session()``; one that overrides ``prepare()``
    must await ``super().prepare()``, and one that overrides ``finish()``, ``flush()``, ``on_finish()``
    or ``send_error()`` must call that of this class.
    """

    # False: the handler does not use sessions, and its requests cost no query.
    needs_session = True

    # What is known of the request so far; see also CommittingHandler.
    _session: Session | None = None
    _saving: asyncio.Lock | None = None  # locked while save_session() runs
    _ended: Record | None = None  # the session that save_session() ended
    _flushed = False  # the first flush() was made, at the latest that of finish()
    _commits_nothing = False  # the request has failed
    _new_session_checked = False  # check_new_session() refused nothing
    _refusal: HTTPError | None = None  # what it raised

    # What handlers use

    @property
    def session(self) -> Session:
        """The session of this request."""
        assert self._session is not None, (
            "no session is loaded: needs_session is False, or prepare() did not await"
            " super().prepare()"
        )
        return self._session

    @property
    def has_session(self) -> bool:
        """True if the session of this request was loaded: not before prepare() or after its failure."""
        return self._session is not None

    def get_current_user(self) -> Any:
        """Return the signed-in user of this request, or None."""
        return self._session.user if self._session is not None else None

    @property
    def current_user(self) -> Any:
        """The signed-in user. It follows ``self.session``, also after a sign-in in this request."""
        return self.get_current_user()

    @current_user.setter
    def current_user(self, value: Any) -> None:
        raise AttributeError("call self.session.sign_in() or self.session.sign_out() instead")

    def session_ids(self) -> tuple[str | None, str | None]:
        """Return the user id and the public id of the session of this request, for log lines.

        They belong to the session that the request loaded, began or ended; None without one.
        """
        session, written = self._session, self._written
        if session is None:
            return None, None
        known = session.stored or self._ended
        user_id = session.user_id or (known.user_id if known else None)
        row = written or known
        return user_id, row.id if row else None

    def session_form_html(self) -> str:
        """Return a hidden form field that names the session for which the form is rendered.

        A post that has the field, and comes with the cookie of another session or without one, is treated as
        lapsed: nothing is stored in the wrong session. Templates can call it by this name.
        """
        if self._session is None or self._session.id is None:
            return ""
        return f'<input type="hidden" name="{FORM_FIELD}" value="{html.escape(self._session.id)}">'

    async def save_session(self) -> None:
        """Commit now. A handler that streams must do so before its first flush() if the cookie changes.

        Raises DatabaseError or SessionEnded; a renewal that fails is skipped. If a call is running, another
        one waits for it. A cancelled call waits for its commit, too: without the outcome, the client would
        not get the cookie of a new sid. RuntimeError if finish() has begun to commit changes: a second
        commit could undo later changes of other requests.
        """
        if self._write and not isinstance(self._write, Touch):
            raise RuntimeError(
                "the session was committed with the response, and can't be saved again"
            )
        self._saving = self._saving or asyncio.Lock()
        async with self._saving:
            await self._save(self.session)

    async def _save(self, session: Session) -> None:
        write = self._late_plan(session) if self._flushed else self._plan_of(session)
        if write is None:
            return
        cancelled = None
        try:
            # The statement runs in the task of its batch, so counted() adds its time to this request's.
            with session.saving() as sent, counted():
                committed = self.sessions.commit(write, waited=seconds_spent())
                cancelled = await _until_done(committed)
                written = committed.result()
        except DatabaseError:
            if not isinstance(write, Touch):
                raise
        else:
            self._saved(write, written, sent)
        if cancelled:
            raise cancelled

    def _saved(self, write: Write, written: Written | None, sent: Sent) -> None:
        # If a second save needs no cookie, that of the first is still to be sent.
        self._saved_cookie = self._cookie_for(write, written) or self._saved_cookie
        if isinstance(write, End):
            self._ended = sent.stored
            self.session.end_saved()
        elif written:
            self.session.saved(written, sent)

    # For sites to override, in addition to the methods of CommittingHandler

    def check_new_session(self) -> None:
        """Raise an HTTPError to refuse a new session without a user; called before it is stored."""

    # The steps of a request

    async def prepare(self) -> None:
        """Load the session."""
        # The statements of a request, also those of the site, have one time limit together.
        limit_statements(TIMEOUTS.request)
        if not self.needs_session:
            return
        cookie = self.sessions.cookie
        if cookie.secure and self.request.protocol != "https":
            # A browser would not store the cookie, and the session could never be loaded again.
            raise HTTPError(403, _NEEDS_HTTPS)
        sids = cookie.sids(self.request.headers.get_list("Cookie"))
        with counted():
            session = await self.sessions.load(sids)
        of_form = self.request.body_arguments.get(FORM_FIELD)
        if of_form and of_form[-1].decode("ascii", "replace") != (session.id or ""):
            session = self.sessions.lapsed_by_form(session)
        self._session = session

    def flush(self, include_footers: bool = False) -> asyncio.Future[None]:
        """Send the data so far; the first time with the cookie of save_session()."""
        if not self._flushed:
            # include_footers is True if finish() calls, which has its plan already.
            if not include_footers:
                self._check_before_flush()
            self._flushed = True
            # With a commit, the cookie is added after it.
            if not self._write and (cookie := self._saved_cookie or self._cookie_of_lapsed()):
                self.add_header("Set-Cookie", cookie)
            if not include_footers:
                # The client has the beginning of its response; the rest has no time limit.
                lift_limit()
        return super().flush(include_footers)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send an error response; for errors of the session layer, that of commit_failed().

        An HTTPError below 500 is a response like any other, and its changes of the session are committed.
        Any other exception, and a status from 500 on, commit nothing. While save_session() is running, the
        response waits for it, to send its cookie.
        """
        if self._is_saving:
            sending = self._send_error_after_save(status_code, kwargs)
            self.sessions.background.start(sending, "send an error after save_session()")
            return
        error = kwargs.get("exc_info", (None, None, None))[1]
        if error is not None and not isinstance(error, HTTPError):
            self._commits_nothing = True
        elif of_plan := self._error_of_plan(status_code):
            # This error replaces the one that was to be sent.
            error = of_plan
            kwargs["exc_info"] = type(error), error, error.__traceback__
            status_code = getattr(error, "status_code", 500)
        if isinstance(error, FAILURES) and not self._headers_written:
            self.sessions.answers.failed[failure_of(error).code] += 1
            if isinstance(error, SessionEnded):
                self._saved_cookie = None
            if self._send_failure(error):
                return
        if self._headers_written and self.request.connection is not None:
            # The response must not look complete, and its session is not committed.
            self._commits_nothing = True
            self.request.connection.close()  # type: ignore[attr-defined]
        super().send_error(status_code, **kwargs)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log an error of the session layer in one line; Tornado logs the others."""
        if isinstance(value, FAILURES):
            name = type(value).__name__
            log.log(log_level(value), "%s %s: %s", self.request_name, name, value)
        else:
            super().log_exception(typ, value, tb)

    def get_template_namespace(self) -> dict[str, Any]:
        """Return the names for templates: Tornado's names, and the function for forms."""
        names: dict[str, Any] = super().get_template_namespace()
        return names | {"session_form_html": self.session_form_html}

    # The session at the end of a request

    def _plan_at_end(self) -> Write | None:
        """Return what to commit before the response is sent, or None."""
        if self._session is None or self._commits_nothing or self.get_status() >= 500:
            return None
        if self._flushed:
            return self._late_plan(self._session)
        self._check_not_saving()
        if self.get_status() == SWITCHING_PROTOCOLS:
            # The response to a WebSocket's handshake can't be held: its connection is handed over at once.
            if state_of(self._session) not in _UNCHANGED:
                raise RuntimeError("await self.save_session() before the handshake of a WebSocket")
            return None
        return self._plan_of(self._session)

    def _late_plan(self, session: Session) -> Write | None:
        """Return what can be committed after the first flush(), when no cookie can be sent."""
        match state_of(session):
            case State.NEW | State.ROTATED:
                raise RuntimeError("a new sid can't be sent after the first flush()")
            case State.DUE:
                # Left to the next request, which can send the cookie.
                return None
        write = self._plan_of(session)
        return write._replace(renews=False) if isinstance(write, Update) else write

    def _plan_of(self, session: Session) -> Write | None:
        write = plan(session, lambda: client_of(self.request))
        if isinstance(write, Insert) and write.owner is None:
            self._check_once()
        return write

    def _check_once(self) -> None:
        """Call check_new_session() for the first new session; raise its refusal for each."""
        if self._refusal:
            raise self._refusal
        if not self._new_session_checked:
            try:
                self.check_new_session()
            except HTTPError as error:
                self._refusal = error
                raise
            self._new_session_checked = True

    def _error_of_plan(self, status: int) -> Exception | None:
        """Return the error that finish() would raise for the session of an error response, or None.

        Tornado drops what is raised while it sends an error, and the response would be empty.
        """
        if self._session is None or self._commits_nothing or status >= 500:
            return None
        try:
            self._plan_of(self._session)
        except Exception as error:  # noqa: BLE001 (check_new_session() is of the site)
            self._commits_nothing = True
            self.log_exception(type(error), error, error.__traceback__)
            return error
        return None

    @property
    def _is_saving(self) -> bool:
        return self._saving is not None and self._saving.locked()

    def _check_not_saving(self) -> None:
        """Raise RuntimeError if save_session() is running: its cookie may belong to this response."""
        if self._is_saving:
            raise RuntimeError("save_session() is running: await it before the response")

    async def _send_error_after_save(self, status_code: int, arguments: dict[str, Any]) -> None:
        assert self._saving is not None
        async with self._saving:
            pass
        if not self._finished:
            self.send_error(status_code, **arguments)

    def _check_before_flush(self) -> None:
        """Raise the error of a response that may not begin yet, or not at all."""
        self._check_not_saving()
        state = State.FRESH if self._session is None else state_of(self._session)
        if state is State.REFUSED:
            raise SessionEnded
        if state in _CHANGES_COOKIE:
            raise RuntimeError("await self.save_session() before the first flush()")

    def _cookie_of_lapsed(self) -> str | None:
        """Return the Set-Cookie header after a sign-out of a lapsed session, which needs no commit."""
        session = self._session
        if session is None or not (session.lapsed and session.ended):
            return None
        return self.sessions.cookie.clear()


async def _until_done(committed: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Wait for a commit, which has a time limit; return the cancellation of this task meanwhile, or None."""
    cancelled = None
    while not committed.done():
        try:
            await asyncio.wait([committed])
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled
