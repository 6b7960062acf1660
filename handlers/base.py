"""The base handler of the site: access, headers, errors, templates and JSON, on top of sessions."""

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from handlers.access import (
    CONFIRMED_SECONDS,
    Access,
    ConfirmationRequired,
    check_access,
    check_password_changed,
    detour,
)
from handlers.access_log import count_answer, log_answer
from handlers.arrival import arrives_from_elsewhere
from handlers.error_response import error_response
from handlers.errors import SiteError, answer_for, is_page
from handlers.flash import say
from handlers.form_token import (
    form_token,
    form_token_html,
    has_form_token,
    reason_of_refusal,
)
from handlers.headers import new_request_id, usual_headers
from handlers.request_checks import check_request
from handlers.suspicion import note_cookies, note_cross_origin, note_refusal
from handlers.ways_back import page_of_form
from nestmap.accounts import User, networks_of
from nestmap.database import DatabaseError
from nestmap.sessions import (
    Response,
    Session,
    SessionEnded,
    SessionHandler,
    client_of,
)

if TYPE_CHECKING:
    from nestmap.services import Services

log = logging.getLogger("nestmap.handlers")

TOO_MANY_SESSIONS = (
    "Too many visitors began a map from your network. Sign in, or try again in a minute."
)

OLD_FORM = (
    "Nothing was changed: the form was opened before you last signed in or gave your password."
    " Here it is again; please send it again."
)


class BaseHandler(SessionHandler):
    """Base class of all handlers of the site.

    A subclass sets ``access``, who may use it, ``needs_session``, False for handlers that use no session,
    and ``accepts_ended``, True for those that change something although the session of the request has
    ended, such as a sign-in.
    """

    access = Access.USER
    accepts_ended = False

    def __init__(
        self, application: Application, request: HTTPServerRequest, **arguments: Any
    ) -> None:
        # Tornado's constructor calls set_default_headers(), which needs these two.
        self.services: Services = application.settings["services"]
        self.request_id = new_request_id(request, self.services)
        super().__init__(application, request, **arguments)
        # A stop waits for this request.
        self.services.requests.enter()

    async def prepare(self) -> None:
        """Load the session and check the access."""
        check_request(self)
        if is_page(self) and arrives_from_elsewhere(self.request, self.sessions.cookie.name):
            self.render("bounce.html", here=self.request.uri)
            return
        await super().prepare()
        if self.has_session and self.session.stored is None:
            note_cookies(self)
        self._check_access()
        if self._form_lacks_token():
            reason = reason_of_refusal(self.request)
            log.info("%s %s: %s", self.request_id, self.request.path, reason)
            say(self, OLD_FORM)
            self.redirect(self.form_page, status=303)

    def _check_access(self) -> None:
        """Check the access of the user; raise SessionEnded for a change by an ended session.

        A form that was shown again would be one of the session that is open by then.
        """
        lapsed = self.session.lapsed if self.has_session else None
        is_change = self.request.method not in ("GET", "HEAD")
        if lapsed and is_change and not self.accepts_ended:
            raise SessionEnded
        try:
            check_access(self.access, self.current_user)
        except SiteError:
            if self.current_user:
                note_refusal(self)
            raise
        check_password_changed(self.current_user, self.request.path)

    def response_sent(self) -> None:
        """Count and log the request when its response has been sent."""
        self.services.requests.leave()
        count_answer(self)
        log_answer(self, self.request_id)

    async def ensure_confirmed(self) -> None:
        """Raise ConfirmationRequired if the password was last given more than 15 minutes ago.

        The database's clock decides, as for every lifetime: this process may have another.
        """
        session_id, admin = self.session.id, self.sessions.admin
        if not (session_id and await admin.authenticated_within(session_id, CONFIRMED_SECONDS)):
            raise ConfirmationRequired

    # What handlers use

    @property
    def signed_in_user(self) -> User:
        """The signed-in user, in a handler whose access is USER or ADMIN."""
        user = self.current_user
        assert isinstance(user, User), "this handler is for users"
        return user

    def session_form_html(self) -> str:
        """Return the hidden fields of a form: the session's public id, and a token bound to its sid."""
        token = form_token(self._loaded_session, self.services.form_keys[0])
        return super().session_form_html() + form_token_html(token)

    @property
    def form_page(self) -> str:
        """The page of this site whose form was posted, to show it again."""
        return page_of_form(self.request)

    @property
    def _loaded_session(self) -> Session | None:
        return self.session if self.has_session else None

    def _form_lacks_token(self) -> bool:
        """Return True if a form that needs the token of its session has none, or another one."""
        if self.request.method != "POST" or self.access is Access.ANYONE or not is_page(self):
            return False
        return not has_form_token(self.request, self._loaded_session, self.services.form_keys)

    def check_new_session(self) -> None:
        """Limit the new sessions of a network."""
        network = networks_of(client_of(self.request).ip)[-1]
        if not self.services.new_sessions.take(network):
            raise SiteError(429, "too_many_sessions", TOO_MANY_SESSIONS)

    def finish_json(self, value: dict[str, Any]) -> None:
        """Answer with a JSON object."""
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(orjson.dumps(value))

    def head(self, *arguments: str) -> Any:
        """Answer like GET; Tornado omits the body."""
        return self.get(*arguments)

    # Responses

    @property
    def request_name(self) -> str:
        """The name of this request in log lines."""
        return self.request_id

    @property
    def nav(self) -> str:
        """The navigation of a page: "user", "visitor", or "none" if no session was loaded."""
        if self.current_user:
            return "user"
        return "visitor" if self.has_session else "none"

    def set_default_headers(self) -> None:
        """Set the usual headers; Tornado calls this again before an error response."""
        self.clear_header("Server")
        for name, value in usual_headers(self.services, self.request_id).items():
            self.set_header(name, value)
        if self.needs_session:
            self.set_header("Cache-Control", "no-store")
            self.set_header("Vary", "Cookie")

    def compute_etag(self) -> str | None:
        """Return None: no response of the site may be stored in a cache."""
        return None

    def check_etag_header(self) -> bool:
        """Return False: without an ETag there is nothing to match."""
        return False

    def get_template_namespace(self) -> dict[str, Any]:
        """Return the names that all templates can use."""
        names = super().get_template_namespace()
        return names | {"nav": self.nav, "path": self.request.path}

    def commit_failed(self, error: BaseException) -> Response:
        """Return the error response that replaces one whose session was not committed."""
        return error_response(self, error)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Send an error response with the status of the error."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        super().send_error(answer_for(error, status_code).status, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the error as JSON or as a page, or redirect to the sign-in or another page."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if is_page(self) and (path := detour(self.request, error)):
            self.redirect(path, status=303)
            return
        wants_page = is_page(self) and self.request.method in ("GET", "HEAD")
        if answer_for(error, status_code).code == "not_signed_in" and wants_page:
            self.redirect("/login?" + urlencode({"next": self.request.uri}))
            return
        response = error_response(self, error, status_code)
        for name, value in response.headers.get_all():
            self.set_header(name, value)
        self.finish(response.body)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log unexpected exceptions, without the headers and the query, which may contain secrets."""
        if isinstance(value, DatabaseError):
            super().log_exception(typ, value, tb)
        elif answer_for(value).status == 403:
            note_cross_origin(self, value)
        elif answer_for(value).status == 500:
            log.error("%s failed", self.request_id, exc_info=value)
