"""The response to a form that an account refuses: the status, and Retry-After."""

from tornado.web import RequestHandler

from nestmap.accounts import (
    AccountError,
    InvalidAccount,
    LastAdministrator,
    TooManyAttempts,
    WrongPassword,
)

STATUS: dict[type[AccountError], int] = {
    InvalidAccount: 400,
    WrongPassword: 401,
    LastAdministrator: 409,
    TooManyAttempts: 429,
}


def refuse_form(handler: RequestHandler, error: AccountError, text: str = "") -> str:
    """Set the status of a form that is shown again.

    Return `text`, by default the error's message.
    """
    handler.set_status(STATUS[type(error)])
    if isinstance(error, TooManyAttempts):
        handler.set_header("Retry-After", str(error.seconds))
    return text or str(error)
