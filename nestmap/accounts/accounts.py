"""The accounts: register, authenticate, and what an administrator's shell does to them."""

import re
from collections.abc import Iterable

from nestmap.accounts.passwords import Passwords, TooManySignIns
from nestmap.accounts.user import User
from nestmap.database import Database, DatabaseError
from nestmap.queries import queries

SQL = queries("site/users")

EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f\ud800-\udfff]+@[^\s@\x00-\x1f\x7f\ud800-\udfff]+")
EMAIL_LENGTH = 254
PASSWORD_LENGTH = range(12, 257)


class InvalidAccount(ValueError):
    """An address or a password that can't be used; ``field`` is "email" or "password"."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class EmailTaken(Exception):
    """There is an account with this address, in whatever case."""


class Accounts:
    """Every verb may raise DatabaseError, those with a password also TooManySignIns."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def register(self, email: str, password: str, role: str = "user") -> User:
        """Make an account; InvalidAccount or EmailTaken when it can't be made."""
        email = checked_email(email)
        check_password(password)
        password_hash = await self._passwords.hash(password)
        row = await self._database.one(
            SQL["insert_user"], {"email": email, "password_hash": password_hash, "role": role}
        )
        if row is None:
            raise EmailTaken
        return User(*row)

    async def authenticate(self, email: str, password: str) -> User | None:
        """Who this is, or None. An unknown address takes as long as a wrong password."""
        row = await self._database.one(SQL["find_user"], {"email": clean(email)}, idempotent=True)
        stored = row[4] if row else None
        if not await self._passwords.verify(stored, password) or row is None:
            return None
        user = User(*row[:4])
        if self._passwords.outdated(row[4]):
            await self._rehash(user, password)
        return user

    async def has_administrator(self) -> bool:
        """Whether anyone has the role "admin"."""
        return await self._database.one(SQL["find_administrator"], idempotent=True) is not None

    async def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return the users of these ids, as the session layer names them, by id."""
        known = [int(one) for one in set(user_ids) if one.isdecimal()]
        rows = await self._database.all(SQL["find_users"], {"ids": known}, idempotent=True)
        return {str(row[0]): User(*row) for row in rows}

    async def _rehash(self, user: User, password: str) -> None:
        try:
            parameters = {"id": user.id, "password_hash": await self._passwords.hash(password)}
            await self._database.execute(SQL["set_password_hash"], parameters)
        except (DatabaseError, TooManySignIns):
            # The old hash still verifies; the next sign-in tries again.
            return


def clean(text: str) -> str:
    """The text without what PostgreSQL can't carry, trimmed; such text never matches anything."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode().strip()


def checked_email(email: str) -> str:
    """The address, trimmed; InvalidAccount when it is none."""
    email = email.strip()
    if len(email) > EMAIL_LENGTH or not EMAIL.fullmatch(email):
        raise InvalidAccount("email", "Enter an email address, such as ada@example.org.")
    return email


def check_password(password: str) -> None:
    """InvalidAccount unless it is 12 to 256 characters long and can be encoded."""
    if len(password) not in PASSWORD_LENGTH:
        raise InvalidAccount("password", "A password has 12 to 256 characters.")
    if password != password.encode("utf-8", "replace").decode():
        raise InvalidAccount("password", "The password has a character that can't be used.")
