"""Maps exceptions to error responses: status, code and message."""

from dataclasses import dataclass

import orjson
from tornado.web import HTTPError, RequestHandler

from handlers.error_page import error_page
from nestmap.accounts import TooManyAttempts, TooManySignIns
from nestmap.database import DatabaseError, Overloaded, UnsupportedCharacter
from nestmap.sessions import BadCursor, NotSampled, SessionEnded, SessionTextError, SessionTooLarge
from nestmap.sessions.failures import RETRY_AFTER


class SiteError(HTTPError):
    """An error that a handler raises on purpose: ``code`` for programs, ``message`` for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """The content of an error response; ``retry`` means that a retry may help."""

    status: int
    code: str
    message: str
    retry: bool = False
    retry_after: int = RETRY_AFTER


TOO_LARGE = ("too_large", "The request is too large; 64 KiB is the most.")
HTTPS_REQUIRED = (
    "https_required",
    (
        "This site works over https only. Behind a proxy that ends TLS, the proxy must send"
        " X-Forwarded-Proto: https."
    ),
)
UNSUPPORTED = (
    "unsupported_character",
    "A character of this can't be stored here. Write it without, please.",
)
INVALID_CURSOR = ("invalid_cursor", 'The cursor must be the "next" of the previous page.')
STARTING = ("starting", "The site is starting. Try again in a moment.")
SENTENCES = {
    400: ("bad_request", "The request can't be understood."),
    401: ("not_signed_in", "Sign in first."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This can't be done here."),
    413: TOO_LARGE,
    500: ("internal_error", "Something went wrong on our side. It has been noted."),
}

ENDED = ErrorAnswer(401, "session_ended", "Your session has ended, so this was not saved.")
FULL = ErrorAnswer(413, "session_too_large", "Your map is full. Remove something first.")
UNAVAILABLE = ErrorAnswer(503, "unavailable", "We can't reach our records right now.", True)
COUNTING = ErrorAnswer(
    503, "counting", "The sessions are being counted for the first time. Try again soon.", True, 10
)
OVERLOADED = ErrorAnswer(503, "overloaded", "Too much is going on right now.", True)


# The first match counts, so subclasses come before their base classes.
KNOWN: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ErrorAnswer], ...] = (
    (SessionEnded, ENDED),
    (SessionTooLarge, FULL),
    (BadCursor, ErrorAnswer(400, *INVALID_CURSOR)),
    ((UnsupportedCharacter, SessionTextError), ErrorAnswer(400, *UNSUPPORTED)),
    ((Overloaded, TooManySignIns), OVERLOADED),
    (NotSampled, COUNTING),
    (DatabaseError, UNAVAILABLE),
)


def answer_for(error: BaseException | None, status: int = 500) -> ErrorAnswer:
    """Return the answer for an exception that a handler raised, or for a status alone."""
    for classes, answer in KNOWN:
        if isinstance(error, classes):
            return answer
    match error:
        case SiteError():
            retry = error.status_code in (429, 503)
            return ErrorAnswer(error.status_code, error.code, error.message, retry)
        case TooManyAttempts():
            return ErrorAnswer(429, "too_many_attempts", str(error), True, error.seconds)
        case HTTPError():
            status = error.status_code
    code, message = SENTENCES.get(status) or SENTENCES[400 if status < 500 else 500]
    return ErrorAnswer(status, code, message)


def error_headers(answer: ErrorAnswer, *, page: bool) -> dict[str, str]:
    """Return the headers that an error adds to the usual ones."""
    kind = "text/html" if page else "application/json"
    headers = {"Content-Type": f"{kind}; charset=UTF-8", "Cache-Control": "no-store"}
    if answer.retry:
        headers["Retry-After"] = str(answer.retry_after)
    return headers


def error_body(answer: ErrorAnswer, handler: RequestHandler, request_id: str) -> bytes:
    """Return the body of an error: JSON for the API, else a page.

    It must not write to the handler, which may have finished.
    """
    if not is_page(handler):
        error = {"code": answer.code, "message": answer.message}
        return orjson.dumps({"error": error})
    names = {"status": answer.status, "message": answer.message, "request_id": request_id}
    return error_page(handler, answer.code, **names)


def is_page(handler: RequestHandler) -> bool:
    """Return True if errors are shown as a page: for all paths but the API."""
    path = handler.request.path
    return not path.startswith("/api/") and path not in ("/livez", "/readyz")


def allowed_methods(handler: RequestHandler) -> str:
    """Return the value of the Allow header: the methods that the handler has."""
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    has = {
        m: getattr(type(handler), m.lower()) is not getattr(RequestHandler, m.lower())
        for m in methods
    }
    return ", ".join(m for m in methods if has["GET" if m == "HEAD" else m])
