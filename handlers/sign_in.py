"""Signing in, for the pages and the API of sign-in and registration."""

from handlers.base import BaseHandler
from handlers.client import know_device
from handlers.words import duration
from nestmap.accounts import User
from nestmap.settings import Settings


def sign_in(handler: BaseHandler, user: User, *, remember: bool = False) -> None:
    """Sign a user in and mark the device as known for this account.

    With `remember`, the session has the longer lifetimes of REMEMBER_SECONDS.
    """
    lifetimes = remembered_lifetimes(handler.services.settings) if remember else {}
    handler.session.sign_in(user.id, user.version, user, **lifetimes)
    know_device(handler, user)


def remembered(handler: BaseHandler) -> str:
    """Return the lifetime of "stay signed in" in words."""
    return duration(remembered_lifetimes(handler.services.settings)["idle"])


def remembered_lifetimes(settings: Settings) -> dict[str, int]:
    """Return the lifetimes of "stay signed in", which are never shorter than the usual ones."""
    return {
        "idle": max(settings.remember, settings.ttl),
        "absolute": max(3 * settings.remember, settings.absolute_ttl),
    }
