"""The response to an error, also one that replaces a held response."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tornado.httputil import HTTPHeaders

from handlers.errors import (
    ErrorAnswer,
    allowed_methods,
    answer_for,
    error_body,
    error_headers,
    is_page,
)
from handlers.headers import usual_headers
from handlers.lapsed import said_of
from handlers.traceback_page import traceback_page
from nestmap.sessions import Response, SessionEnded

if TYPE_CHECKING:
    from handlers.base import BaseHandler


def error_response(
    handler: "BaseHandler", error: BaseException | None, status: int = 500
) -> Response:
    """Return the page or the JSON for an error; ``status`` is that of an error that has none."""
    answer = answer_for(error, status)
    lapsed = handler.session.lapsed if handler.has_session else None
    if lapsed and isinstance(error, SessionEnded) and is_page(handler):
        code = "other_session" if lapsed.reason == "form" else answer.code
        message = f"{said_of(lapsed)} What you sent was not saved."
        answer = replace(answer, code=code, message=message)
    headers = HTTPHeaders(usual_headers(handler.services, handler.request_id))
    headers.update(error_headers(answer, page=is_page(handler)))
    if answer.status == 405:
        headers["Allow"] = allowed_methods(handler)
    return Response(answer.status, headers, _body(handler, answer, error))


def _body(handler: "BaseHandler", answer: ErrorAnswer, error: BaseException | None) -> bytes:
    """Return what a visitor reads; a developer sees the traceback of what is unexpected."""
    production = handler.services.settings.production
    if error and answer.code == "internal_error" and is_page(handler) and not production:
        return traceback_page(handler, error, handler.request_id)
    return error_body(answer, handler, handler.request_id)
