"""Accounts: sign-in, storage of passwords, and limits against guessing."""

from nestmap.accounts.accounts import Accounts
from nestmap.accounts.addresses import checked_email
from nestmap.accounts.administration import ROLES, Administration, ListedUser
from nestmap.accounts.devices import Device, DeviceCookie
from nestmap.accounts.end_all import EndAll
from nestmap.accounts.errors import (
    AccountError,
    EmailTaken,
    InvalidAccount,
    LastAdministrator,
    TooManyAttempts,
    TooManySignIns,
    WrongPassword,
)
from nestmap.accounts.networks import networks_of
from nestmap.accounts.new_sessions import NewSessions
from nestmap.accounts.passwords import Passwords
from nestmap.accounts.policy import checked_password
from nestmap.accounts.sign_in_client import SignInClient
from nestmap.accounts.throttle import Throttle, ThrottleLimits
from nestmap.accounts.user import User, load_user

__all__ = [
    "ROLES",
    "AccountError",
    "Accounts",
    "Administration",
    "Device",
    "DeviceCookie",
    "EmailTaken",
    "EndAll",
    "InvalidAccount",
    "LastAdministrator",
    "ListedUser",
    "NewSessions",
    "Passwords",
    "SignInClient",
    "Throttle",
    "ThrottleLimits",
    "TooManyAttempts",
    "TooManySignIns",
    "User",
    "WrongPassword",
    "checked_email",
    "checked_password",
    "load_user",
    "networks_of",
]
