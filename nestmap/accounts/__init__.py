"""Accounts: who may sign in, and how a password is kept."""

from nestmap.accounts.accounts import Accounts, EmailTaken, InvalidAccount
from nestmap.accounts.passwords import Passwords, TooManySignIns
from nestmap.accounts.user import User, load_user

__all__ = [
    "Accounts",
    "EmailTaken",
    "InvalidAccount",
    "Passwords",
    "TooManySignIns",
    "User",
    "load_user",
]
