"""Sessions that have ended: their messages, and the changes that are refused."""

from datetime import UTC, datetime

from handlers.words import ago
from nestmap.sessions import Lapsed, Session, SessionEnded

REASONS = {
    "expired": "it was not used for too long, or it was as old as a session may get",
    "signed out": "you signed out",
    "rotated": "someone signed in with it, perhaps you in another tab",
    "replaced": "a sign-in in this browser took its place",
    "ended by its user": "you ended it from another device",
    "ended by an administrator": "an administrator ended it",
    "password change": "the password of the account was changed",
    "over the cap": "you have signed in on many other devices since",
    "account deleted": "the account was deleted",
    "account disabled": "the account is switched off",
    "account": "the account is switched off or was deleted",
    "version": "the password of the account was changed, or all its sessions were ended",
    "two sessions": "this browser sent the cookies of two sessions, and none of them is used",
}


def require_session(session: Session) -> None:
    """Raise SessionEnded if the session of the request has ended, in a handler with `accepts_ended`.

    The response is the error page with the typed fields and the two buttons.
    """
    if session.lapsed:
        raise SessionEnded


def said_of(lapsed: Lapsed) -> str:
    """Return a sentence: the session has ended, when and why, as far as this is known."""
    when = f" {ago(datetime.fromtimestamp(lapsed.at, UTC))}" if lapsed.at else ""
    why = REASONS.get(lapsed.reason or "")
    if lapsed.reason == "form":
        return "The page was opened in another session than the one that is open now."
    return f"Your session ended{when}: {why}." if why else "Your session has ended."
