"""The errors of accounts.

AccountError
├── InvalidAccount      an address or a password that can't be used
├── EmailTaken          there is an account with this address
├── LastAdministrator   no administrator would be left
├── WrongPassword       the password is wrong
├── TooManyAttempts     too many earlier attempts; wait
└── TooManySignIns      too many passwords wait to be checked
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

    def __init__(self) -> None:
        super().__init__("There is an account with this address already.")


class LastAdministrator(AccountError):
    """The last administrator can't be disabled, demoted or deleted."""

    def __init__(self) -> None:
        super().__init__("This is the last administrator. Make someone else one first.")


class WrongPassword(AccountError):
    """The password is wrong."""


class TooManyAttempts(AccountError):
    """Too many earlier attempts; ``seconds`` is how long to wait (15 minutes at most)."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts. Try again in {seconds} seconds.")
        self.seconds = seconds


class TooManySignIns(AccountError):
    """Too many passwords wait to be checked; try again in a moment."""
