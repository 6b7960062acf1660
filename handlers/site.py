"""The base handler: it tells what happens to every request, from top to bottom."""

import logging
import time
from functools import cached_property
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import orjson
from tornado.web import HTTPError, RequestHandler

from handlers.access import Access, check_access
from handlers.access_log import log_answer
from handlers.client import client_of
from handlers.commit import Commit
from handlers.errors import (
    HTTPS_REQUIRED,
    TOO_LARGE,
    ErrorAnswer,
    SiteError,
    allowed_methods,
    answer_for,
    error_body,
    error_headers,
    is_page,
)
from handlers.headers import new_request_id, usual_headers
from nestmap.database import DatabaseError
from nestmap.serve import MAX_BODY
from nestmap.sessions import Plan, Session, User, Written
from nestmap.site import Site

log = logging.getLogger("nestmap.handlers")


class SiteHandler(RequestHandler):
    """Load the session, check who asks, run, hold the answer, commit, release.

    A subclass says for whom it is (``access``), and whether it has to do with sessions at all.
    """

    access = Access.USER
    needs_session = True

    # on_finish() runs without prepare() on a bad method, a bad body or a refused origin.
    _session: Session | None = None
    _commit: Commit | None = None
    waited = 0.0
    settled_cookie: str | None = None
    _headers_left = False
    _commits_nothing = False

    def initialize(self) -> None:
        """Count the request, so that a stop waits for it."""
        self.site.in_flight += 1

    async def prepare(self) -> None:
        """Load the session, and let only those in who may."""
        if len(self.request.body) > MAX_BODY:
            raise SiteError(413, *TOO_LARGE)
        if self.needs_session:
            if self.site.cookie.secure and self.request.protocol != "https":
                raise SiteError(403, *HTTPS_REQUIRED)
            sids = self.site.cookie.sids(self.request.headers.get_list("Cookie"))
            since = time.monotonic()
            self._session = await self.site.sessions.load(sids)
            self.waited = time.monotonic() - since
        check_access(self.access, self.user)

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Any:
        """Finish the answer; with something to commit, hold it until that is done."""
        if self._commit:
            raise RuntimeError("finish() called twice")
        try:
            plan = self._make_plan()
        except ValueError:
            # A value that can't be stored: the error answer that follows must not try again.
            self._commits_nothing = True
            raise
        self._commit = Commit(self, plan) if plan else None
        try:
            return super().finish(chunk)
        except BaseException:
            if self._commit:
                self._commit.give_up(self)
                self._commit = None
            raise

    def on_finish(self) -> None:
        """Commit the session and release the answer; without a commit, it has left already."""
        if self._commit:
            self._commit.start(self)
        else:
            self.left()

    def left(self) -> None:
        """The answer has left."""
        self.site.in_flight -= 1
        log_answer(self, self.request_id)

    async def save_session(self) -> None:
        """Commit now. A handler that streams does so before its first flush(), for the cookie.

        Raises DatabaseError or SessionEnded.
        """
        plan = self._plan_of(self.session)
        if plan:
            written = await self.site.sessions.commit(plan)
            self.settled_cookie = self.cookie_for(written)
            if written:
                self.session.saved(written.sid, written.created_at, written.expires_at)

    def flush(self, include_footers: bool = False) -> Any:
        """Send what there is; the first time, with the cookie that save_session() settled."""
        if not self._headers_left:
            if not include_footers and self._lacks_cookie():
                raise RuntimeError("await self.save_session() before the first flush()")
            self._headers_left = True
            if self.settled_cookie and not self._commit:
                self.add_header("Set-Cookie", self.settled_cookie)
        return super().flush(include_footers)

    # What handlers use

    @cached_property
    def site(self) -> Site:
        """The parts of the program."""
        site: Site = self.settings["site"]
        return site

    @property
    def session(self) -> Session:
        """The visitor's session."""
        assert self._session is not None, "this handler said that it needs no session"
        return self._session

    @property
    def user(self) -> User | None:
        """Who is signed in, as of this request."""
        # An empty session is a mapping without keys, and so it is false.
        return self._session.user if self._session is not None else None

    def finish_json(self, value: dict[str, Any]) -> None:
        """Answer with a JSON object."""
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(orjson.dumps(value))

    def head(self, *arguments: str) -> Any:
        """As GET; Tornado leaves the body away."""
        return self.get(*arguments)

    # Answers

    def set_default_headers(self) -> None:
        """Put the usual headers on; after an error, too."""
        self.clear_header("Server")
        if not hasattr(self, "request_id"):
            self.request_id = new_request_id(self.request, self.site)
        for name, value in usual_headers(self.site, self.request_id).items():
            self.set_header(name, value)
        if self.needs_session:
            self.set_header("Cache-Control", "no-store")
            self.set_header("Vary", "Cookie")

    def compute_etag(self) -> str | None:
        """None: answers of the site are not to be stored."""
        return None

    def check_etag_header(self) -> bool:
        """False: what has no ETag matches none."""
        return False

    def get_template_namespace(self) -> dict[str, Any]:
        """What every page knows."""
        names: dict[str, Any] = super().get_template_namespace()
        nav = "none" if self._session is None else "user" if self.user else "visitor"
        return names | {"user": self.user, "nav": nav, "path": self.request.path}

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer an exception in the one voice of errors, or send a visitor to sign in."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        self._commits_nothing = self._commits_nothing or not isinstance(error, HTTPError)
        answer = answer_for(error, status_code)
        if (
            answer.code == "not_signed_in"
            and is_page(self)
            and self.request.method in ("GET", "HEAD")
        ):
            self.redirect("/login?" + urlencode({"next": self.request.uri}))
            return
        super().send_error(answer.status, answer=answer, exc_info=(None, None, None))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the error as JSON or as a page."""
        answer: ErrorAnswer = kwargs["answer"]
        for name, value in error_headers(answer, page=is_page(self)).items():
            self.set_header(name, value)
        if status_code == 405:
            self.set_header("Allow", allowed_methods(self))
        self.finish(error_body(answer, self, self.request_id))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what nobody expected, without the request, whose headers and query may hold secrets."""
        if isinstance(value, DatabaseError):
            log.warning("%s %s: %s", self.request_id, type(value).__name__, value)
        elif answer_for(value).status == 500:
            log.error("%s failed", self.request_id, exc_info=value)

    # The session at the end of a request

    def cookie_for(self, written: Written | None) -> str | None:
        """The Set-Cookie that a commit earned: only a row that was written is named by one."""
        if written:
            return self.site.cookie.set(written.sid, written.lasts)
        return self.site.cookie.clear() if self.session.ended else None

    def _make_plan(self) -> Plan | None:
        if self._session is None or self._commits_nothing or self.get_status() >= 500:
            return None
        if self._headers_left and self._lacks_cookie():
            log.error("%s: a session began after the first flush(), and is lost", self.request_id)
            return None
        return self._plan_of(self._session)

    def _plan_of(self, session: Session) -> Plan | None:
        return self.site.sessions.plan(session, lambda: client_of(self.request))

    def _lacks_cookie(self) -> bool:
        return self._session is not None and self._session.needs_cookie
