"""User, address and device of a request: for the throttle and for events."""

from handlers.base import BaseHandler
from nestmap.accounts import SignInClient, User
from nestmap.sessions import Source, client_of


def source_of(handler: BaseHandler) -> Source:
    """Return the user, session and client of this request, for events."""
    user = handler.current_user
    client = client_of(handler.request)
    return Source(
        actor_id=str(user.id) if isinstance(user, User) else None,
        session_id=handler.session.id,
        ip=client.ip,
        user_agent=client.user_agent,
    )


def sign_in_client(handler: BaseHandler) -> SignInClient:
    """Return the client of a sign-in attempt, with the accounts that its device is known for."""
    devices = handler.services.devices.read(handler.request.headers.get_list("Cookie"))
    return SignInClient(source_of(handler), devices)


def know_device(handler: BaseHandler, user: User) -> None:
    """Send the cookie that makes this device known for the account.

    It is sent anew at each sign-in: its lifetime begins again, the account becomes the last used one,
    and it is signed with the present secret.
    """
    cookie = handler.services.devices
    devices = cookie.read(handler.request.headers.get_list("Cookie"))
    handler.add_header("Set-Cookie", cookie.set(devices, user.id, user.version))
