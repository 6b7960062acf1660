"""The token in each form that is bound to the session, beside the check of where a request comes from.

It is an HMAC over the sid, so it ends with the sid. The public id of a session would not do: it is
shown to administrators and in events.
"""

import hmac
from collections.abc import Sequence

from tornado.httputil import HTTPServerRequest

from nestmap.sessions import Session

FIELD = "_form"


def form_token(session: Session | None, key: bytes) -> str:
    """Return the token for the forms of a session, "" for one that is not stored."""
    if session is None or session.stored is None:
        return ""
    return hmac.digest(key, session.stored.sid.encode(), "sha256").hex()[:32]


def form_token_html(token: str) -> str:
    """Return the hidden field with the token."""
    return f'<input type="hidden" name="{FIELD}" value="{token}">' if token else ""


def has_form_token(
    request: HTTPServerRequest, session: Session | None, keys: Sequence[bytes]
) -> bool:
    """Return True if a posted form carries the token of the session, made with one of the keys."""
    given = request.body_arguments.get(FIELD, [b""])[-1]
    tokens = [form_token(session, key).encode() for key in keys]
    return any(hmac.compare_digest(given, token) for token in tokens)


def reason_of_refusal(request: HTTPServerRequest) -> str:
    """Return, for the log, why a posted form is refused."""
    if FIELD in request.body_arguments:
        return "the token of the form is that of another session: it is shown again"
    return f"the form has no field {FIELD}: its template needs {{% raw session_form_html() %}}"
