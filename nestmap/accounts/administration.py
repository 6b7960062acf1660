"""Administration of accounts: list, search and change them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nestmap.accounts.addresses import clean
from nestmap.accounts.errors import LastAdministrator
from nestmap.accounts.passwords import Passwords
from nestmap.accounts.user import User
from nestmap.database import Database
from nestmap.queries import queries
from nestmap.sessions.events import Source

SQL = queries("site/users")

ROLES = ("user", "admin")

# Accounts that one statement changes.
BATCH = 2000


@dataclass(frozen=True, slots=True)
class ListedUser:
    """An account in a list; times are aware."""

    id: int
    email: str
    role: str
    created_at: datetime
    signed_in_at: datetime | None
    password_changed_at: datetime
    disabled_at: datetime | None
    must_change: bool


class Administration:
    """Lists and changes accounts.

    All methods may raise DatabaseError; changes return None for an unknown id. Disabling, enabling
    and ending sessions change the version of the account, which invalidates all its sessions at
    once. Each change and its event are one statement.
    """

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def find(self, email: str) -> int | None:
        """Return the id of the account with this address."""
        row = await self._database.one(
            SQL["find_user_id"], {"email": clean(email)}, idempotent=True
        )
        return int(row[0]) if row else None

    async def has_administrator(self) -> bool:
        """Return True if an account has the role "admin"."""
        return await self._database.one(SQL["find_administrator"], idempotent=True) is not None

    async def users(self, after: int = 0, most: int = 50) -> list[ListedUser]:
        """Return accounts in order of their ids, after the id ``after``."""
        rows = await self._database.all(
            SQL["list_users"], {"after": after, "most": most}, idempotent=True
        )
        return [ListedUser(*row) for row in rows]

    async def search(self, text: str, after: str = "", most: int = 50) -> list[ListedUser]:
        """Return accounts whose address begins with ``text``, ordered by address.

        With a text that begins with "@", return the accounts of a domain. ``after`` is the address of the
        last account of the previous page, which may have been deleted since.
        """
        text = clean(text)
        if text.startswith("@"):
            name, pattern = "users_by_end", _escaped(text.lower()[::-1])
        else:
            name, pattern = "users_by_beginning", _escaped(text)
        parameters = {"pattern": f"{pattern}%", "after": clean(after), "most": most}
        rows = await self._database.all(SQL[name], parameters, idempotent=True)
        return [ListedUser(*row) for row in rows]

    async def user(self, user_id: int) -> ListedUser | None:
        """Return the account with this id."""
        row = await self._database.one(SQL["find_listed_user"], {"id": user_id}, idempotent=True)
        return ListedUser(*row) if row else None

    async def set_password(
        self, user_id: int, email: str, password: str, source: Source, *, must_change: bool = True
    ) -> User | None:
        """Set a password that must be changed at the next sign-in. Raises InvalidAccount."""
        parameters = {
            "id": user_id,
            "version": None,
            "password_hash": await self._passwords.new_hash(password, email),
            "must_change": must_change,
            "event": source.json(),
        }
        row = await self._database.one(SQL["change_password"], parameters)
        return User(*row[:5]) if row else None

    async def end_sessions(self, user_id: int, source: Source) -> User | None:
        """End all sessions of an account and all its sign-ins under way."""
        row = await self._database.one(SQL["bump_version"], {"id": user_id, "event": source.json()})
        return User(*row[:5]) if row else None

    async def note_all_sessions_ended(self, source: Source, **details: Any) -> None:
        """Add the event that all sessions of all accounts are being ended, or were."""
        await self._database.all(
            SQL["note_all_sessions_ended"], {"event": source.json(**details)}, idempotent=True
        )

    async def last_changed_version(self) -> int:
        """Return the last account that a cut run of change_versions() changed, or 0."""
        row = await self._database.one(SQL["last_changed_version"], idempotent=True)
        return int(row[0]) if row else 0

    async def change_versions(self, after: int, until: int) -> list[int]:
        """Change the versions of some accounts after one id and up to another; return their ids.

        A batch that is changed twice is as good as once.
        """
        parameters = {"after": after, "until": until, "most": BATCH}
        rows = await self._database.all(SQL["bump_versions"], parameters, idempotent=True)
        return [row[0] for row in rows]

    async def all_versions_changed(self) -> None:
        """Note that the versions of all accounts were changed: the next run begins at the first."""
        await self._database.execute(SQL["all_versions_changed"], idempotent=True)

    async def set_role(self, user_id: int, role: str, source: Source) -> User | None:
        """Set the role of an account.

        Raises LastAdministrator if no administrator would be left.
        """
        parameters = {"id": user_id, "role": role, "event": source.json()}
        return _changed(await self._database.one(SQL["set_role"], parameters))

    async def disable(self, user_id: int, source: Source) -> User | None:
        """Disable an account. Raises LastAdministrator if no administrator would be left."""
        parameters = {"id": user_id, "event": source.json()}
        return _changed(await self._database.one(SQL["disable_user"], parameters))

    async def enable(self, user_id: int, source: Source) -> User | None:
        """Enable an account again."""
        parameters = {"id": user_id, "event": source.json()}
        return _changed(await self._database.one(SQL["enable_user"], parameters))


def _changed(row: tuple[Any, ...] | None) -> User | None:
    if row is not None and not row[5]:
        raise LastAdministrator
    return User(*row[:5]) if row else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
