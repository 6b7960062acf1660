"""The error page: what happened, what is lost, and what to do next."""

from typing import Any
from urllib.parse import urlencode

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from handlers.again import Button, again_fields
from handlers.ways_back import page_to_return_to
from nestmap.sessions import SessionHandler

TITLES = {
    "bad_request": "That can't be understood",
    "cookies_refused": "This site needs cookies",
    "forbidden": "This is not allowed",
    "https_required": "This site works over https only",
    "internal_error": "Something went wrong",
    "invalid_format": "There is no such format",
    "method_not_allowed": "This page can't do that",
    "not_found": "Page not found",
    "not_signed_in": "Please sign in",
    "other_session": "This page belongs to another session",
    "overloaded": "Too much is going on",
    "session_ended": "Your session has ended",
    "too_large": "That is too much at once",
    "too_many_attempts": "Please wait a moment",
    "too_many_sessions": "Please wait a minute",
    "unavailable": "We can't reach our records",
}
ENDED = ("session_ended", "other_session")
CAN_BE_REPEATED = ("unavailable", "overloaded", "too_many_sessions", *ENDED)

SAFE_TO_REPEAT = "Try again in a moment: what was saved already is not saved twice."
STILL_THERE = "Nothing is lost, and your session goes on. Try again in a moment."

HOME = ("Back to your map", "/")
SIGN_IN = ("Sign in", "/login")


def error_page(handler: RequestHandler, code: str, **names: Any) -> bytes:
    """Return the page of the error `code`; `names` are `status`, `message` and `request_id`.

    It must not write to the handler, which may have finished.
    """
    posted = handler.request.method == "POST" and code in CAN_BE_REPEATED
    again = again_fields(handler, ended=code in ENDED) if posted else []
    loader = handler.settings["template_loader"]
    page = loader.load("error.html").generate(
        static_url=handler.static_url,
        session_form_html=getattr(handler, "session_form_html", str),
        current_user=handler.current_user if isinstance(handler, SessionHandler) else None,
        nav=getattr(handler, "nav", "none"),
        path=handler.request.path,
        action=_address(handler.request),
        title=_title(code, handler.request.path),
        advice=_advice(code, posted=posted),
        again=again,
        buttons=_buttons(handler, code) if posted else [],
        ways=[SIGN_IN, HOME] if code == "not_signed_in" else [HOME],
        **names,
    )
    return bytes(page)


def _title(code: str, path: str) -> str:
    if code == "forbidden" and path.startswith("/admin"):
        return "For administrators only"
    return TITLES.get(code, "This did not work")


def _address(request: HTTPServerRequest) -> str:
    """Return the path with the query, which a form that is sent again needs as well."""
    return f"{request.path}?{request.query}" if request.query else request.path


def _advice(code: str, *, posted: bool) -> str:
    if code not in ("unavailable", "overloaded"):
        return ""
    return SAFE_TO_REPEAT if posted else STILL_THERE


def _buttons(handler: RequestHandler, code: str) -> list[Button]:
    """Return the buttons that send a failed form again; the first is the default."""
    if code not in ENDED:
        return [Button("Try again")]
    path = handler.request.path
    back = urlencode({"from": path, "page": page_to_return_to(handler)})
    buttons = [Button("Sign in and go on", action=f"/login/return?{back}")]
    if path == "/places":
        here = "the map that is open now" if code == "other_session" else "a new map"
        buttons.append(Button(f"Pin it on {here}", name="begin"))
    return buttons
