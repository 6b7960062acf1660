"""What an account's verb may refuse.

AccountError
├── InvalidAccount      an address or a password that can't be used
├── EmailTaken          there is an account with this address
├── LastAdministrator   nobody would be left who can administer the site
├── WrongPassword       the password that was given again is not the account's
├── TooManyAttempts     too many attempts before this one; wait
└── TooManySignIns      more passwords wait to be checked than can be
"""


class AccountError(Exception):
    """The account could not be made or changed."""


class InvalidAccount(AccountError, ValueError):
    """An address or a password that can't be used; ``field`` is "email" or "password"."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class EmailTaken(AccountError):
    """There is an account with this address already."""


class LastAdministrator(AccountError):
    """The last administrator can't be disabled, demoted or deleted."""


class WrongPassword(AccountError):
    """The password is not the account's."""


class TooManyAttempts(AccountError):
    """Too many attempts before this one; ``seconds`` is how long to wait (15 minutes at most)."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts. Try again in {seconds} seconds.")
        self.seconds = seconds


class TooManySignIns(AccountError):
    """More passwords wait to be checked than can be; try again in a moment."""
