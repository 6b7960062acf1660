"""Signing in, the same after a sign-in and a registration, on a page and by the API."""

from handlers.base import BaseHandler
from handlers.client import know_device
from nestmap.accounts import User


def sign_in(handler: BaseHandler, user: User) -> None:
    """Sign a user in; the device is known for this account from then on."""
    handler.session.sign_in(user.id, user.version, user)
    know_device(handler, user)
