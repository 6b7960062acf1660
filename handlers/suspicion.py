"""Events for a sample of what looks like an attack: forged cookies and refused requests."""

import logging
from typing import TYPE_CHECKING

from nestmap.accounts import networks_of
from nestmap.sessions import Session, Source, client_of

if TYPE_CHECKING:
    from handlers.base import BaseHandler

log = logging.getLogger("nestmap.handlers")


def note_cookies(handler: "BaseHandler") -> None:
    """Add an event if the cookies of a request without a stored session look like an attack.

    At most one event a minute is added for each network. The request does not wait for it.
    """
    headers = handler.request.headers.get_list("Cookie")
    kind = suspicion(handler.session, headers, handler.sessions.cookie.name)
    if kind is None:
        return
    client = client_of(handler.request)
    if handler.services.samplers.cookies.take(f"{kind} {networks_of(client.ip)[-1]}"):
        event = Source(ip=client.ip, user_agent=client.user_agent).event(kind)
        handler.services.background.start(handler.sessions.events.add(event), "note cookies")


def note_refusal(handler: "BaseHandler") -> None:
    """Add an event for a request without the needed role, at most one a minute per account."""
    user_id = handler.session.user_id
    if handler.services.samplers.refusals.take(str(user_id)):
        client = client_of(handler.request)
        source = Source(user_id, handler.session.id, client.ip, client.user_agent)
        event = source.event("refused", user_id, path=handler.request.path[:200])
        handler.services.background.start(handler.sessions.events.add(event), "note a refusal")


def note_cross_origin(handler: "BaseHandler", error: BaseException | None) -> None:
    """Log, once a minute, what to set if a refused origin is this site under another name."""
    reason = getattr(error, "log_message", None) or ""
    origin, host = handler.request.headers.get("Origin", ""), handler.request.host
    if not reason.startswith(("Origin", "Sec-Fetch")) or not origin:
        return
    if handler.services.samplers.origins.take(f"{origin[:100]} {host[:100]}"):
        log.warning(
            "refused a request of the origin %r to the host %r: if this is one site, the proxy must"
            " pass the Host that the browser sent (nginx: proxy_set_header Host $host)",
            *(origin[:100], host[:100]),
        )


def suspicion(session: Session, headers: list[str], cookie_name: str) -> str | None:
    """Return the kind of event for the cookies of a request, or None."""
    if session.stored is not None:
        return None
    if session.lapsed:
        return "two_sessions" if session.lapsed.reason == "two sessions" else None
    sent = any(f"{cookie_name}=" in header for header in headers)
    return "forged_cookie" if sent else None
