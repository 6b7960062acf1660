"""Signing in, for the pages and the API of sign-in and registration."""

from handlers.base import BaseHandler
from handlers.client import know_device
from handlers.words import duration
from nestmap.accounts import User


def sign_in(handler: BaseHandler, user: User, *, remember: bool = False) -> None:
    """Sign a user in and mark the device as known for this account.

    With `remember`, the session has the longer lifetimes of REMEMBER_SECONDS.
    """
    seconds = handler.services.settings.remember
    lifetimes = {"idle": seconds, "absolute": 3 * seconds} if remember else {}
    handler.session.sign_in(user.id, user.version, user, **lifetimes)
    know_device(handler, user)


def remembered(handler: BaseHandler) -> str:
    """Return the lifetime of "stay signed in" in words."""
    return duration(handler.services.settings.remember)
