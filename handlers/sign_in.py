"""Signing in, the same after a sign-in and a registration, on a page and by the API."""

from handlers.base import BaseHandler
from handlers.client import know_device
from handlers.words import duration
from nestmap.accounts import User


def sign_in(handler: BaseHandler, user: User, *, remember: bool = False) -> None:
    """Sign a user in; the device is known for this account from then on.

    With `remember`, the session lives as long as the site remembers a device.
    """
    seconds = handler.services.settings.remember
    lifetimes = {"idle": seconds, "absolute": 3 * seconds} if remember else {}
    handler.session.sign_in(user.id, user.version, user, **lifetimes)
    know_device(handler, user)


def remembered(handler: BaseHandler) -> str:
    """Return how long the site remembers a device, in words."""
    return duration(handler.services.settings.remember)
