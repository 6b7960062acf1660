"""Register, sign in, confirm and change the password, delete the account."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from nestmap.accounts.addresses import checked_email, clean
from nestmap.accounts.devices import DeviceCookie
from nestmap.accounts.errors import (
    EmailTaken,
    InvalidAccount,
    LastAdministrator,
    TooManyAttempts,
    TooManySignIns,
    WrongPassword,
)
from nestmap.accounts.passwords import Passwords
from nestmap.accounts.policy import checked_password
from nestmap.accounts.sampler import Sampler
from nestmap.accounts.sign_in_client import SignInClient
from nestmap.accounts.throttle import Throttle
from nestmap.accounts.user import User
from nestmap.database import Database, DatabaseError
from nestmap.queries import queries
from nestmap.sessions.events import Events

SQL = queries("site/users")


class Found(NamedTuple):
    """An account with the data to check a sign-in attempt."""

    user: User
    password_hash: str
    known_network: bool
    disabled: bool


class Accounts:
    """The accounts. All methods may raise DatabaseError, those with a password also TooManySignIns.

    The throttle counts each password attempt first, and may raise TooManyAttempts.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        throttle: Throttle,
        devices: DeviceCookie,
        events: Events,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle
        self._devices = devices
        self._events = events
        self._sampler = Sampler()
        # The number of password attempts that succeeded, failed or were throttled.
        self.attempts: Counter[str] = Counter()

    async def register(
        self,
        email: str,
        password: str,
        client: SignInClient,
        *,
        role: str = "user",
        must_change: bool = False,
    ) -> User:
        """Make an account. Raises InvalidAccount or EmailTaken.

        With ``must_change``, an operator chose the password and it must be changed at the sign-in.
        """
        email = checked_email(email)
        checked_password(password)
        if not client.is_operator:
            await self._throttle.registration(client.ip)
        parameters = {
            "email": email,
            "password_hash": await self._passwords.new_hash(password, email, client.network),
            "role": role,
            "must_change": must_change,
            "by_itself": not client.is_operator,
            "event": client.source.json(role=role),
        }
        row = await self._database.one(SQL["insert_user"], parameters)
        if row is None:
            raise EmailTaken
        user = User(*row[:5])
        if not client.is_operator:
            await self._throttle.remember(user.id, client.ip)
        return user

    async def authenticate(self, email: str, password: str, client: SignInClient) -> User | None:
        """Return the user, or None. An unknown address takes as long as a wrong password."""
        email = clean(email)
        parameters = {"email": email, "network": self._throttle.network_key(client.ip)}
        row = await self._database.one(SQL["find_user"], parameters, idempotent=True)
        user = await self._check(_found(row), email, password, client)
        if user is not None:
            await self._remember(user, client)
        return user

    async def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return the users with these ids (text, as in sessions), by id."""
        known = [int(one) for one in set(user_ids) if one.isdecimal()]
        rows = await self._database.all(SQL["find_users"], {"ids": known}, idempotent=True)
        return {str(row[0]): User(*row) for row in rows}

    async def confirm(self, user: User, password: str, client: SignInClient) -> None:
        """Check the password of a signed-in user; raise WrongPassword if it is wrong."""
        parameters = {"id": user.id, "network": self._throttle.network_key(client.ip)}
        row = await self._database.one(SQL["password_of"], parameters, idempotent=True)
        if await self._check(_found(row), user.email, password, client) is None:
            raise WrongPassword

    async def change_password(
        self, user: User, current: str, new: str, client: SignInClient
    ) -> User:
        """Change the password, which invalidates all sessions of the account.

        Return the user with the new version, for the current session. Raises InvalidAccount or
        WrongPassword, the latter also if the account was changed meanwhile.
        """
        checked_password(new)
        await self.confirm(user, current, client)
        if current == new:
            raise InvalidAccount("password", "This is the password that you have already.")
        parameters = {
            "id": user.id,
            "version": user.version,
            "password_hash": await self._passwords.new_hash(new, user.email, client.network),
            "must_change": False,
            "event": client.source.json(),
        }
        row = await self._database.one(SQL["change_password"], parameters)
        if row is None:
            raise WrongPassword
        return User(*row[:5])

    async def delete(self, user: User, password: str, client: SignInClient) -> None:
        """Delete the user's account with its data. Raises WrongPassword or LastAdministrator."""
        await self.confirm(user, password, client)
        parameters = {"id": user.id, "version": user.version, "event": client.source.json()}
        row = await self._database.one(SQL["delete_user"], parameters)
        if row is None:
            raise WrongPassword
        if not row[5]:
            raise LastAdministrator

    async def _check(
        self, found: Found | None, address: str, password: str, client: SignInClient
    ) -> User | None:
        """Count an attempt and check it; uncount it if the password is right."""
        account = f"id {found.user.id}" if found else f"address {address.lower()}"
        user = found.user if found else None
        device = self._devices.find(client.devices, user.id, user.version) if user else None
        known_network = found is not None and found.known_network
        try:
            reservation = await self._throttle.attempt(
                account, client.ip, device=device, known_network=known_network
            )
        except TooManyAttempts as error:
            await self._note_throttled(error, account, user, client)
            raise
        # A known client does not wait behind a flood.
        is_known = device is not None or known_network
        share = account if is_known else client.network
        try:
            stored = found.password_hash if found else None
            right = await self._passwords.verify(stored, password, share, is_known=is_known)
        except TooManySignIns:
            await self._throttle.give_back(reservation)
            raise
        if not right or found is None or found.disabled:
            self.attempts["failed"] += 1
            await self._note("sign_in_failed", user, client, account=_state(found))
            return None
        self.attempts["succeeded"] += 1
        await self._throttle.give_back(reservation)
        if self._passwords.outdated(found.password_hash):
            await self._rehash(found, password, share)
        return found.user

    async def _note_throttled(
        self, error: TooManyAttempts, account: str, user: User | None, client: SignInClient
    ) -> None:
        self.attempts["throttled"] += 1
        if self._sampler.take(account):
            await self._note("throttled", user, client, wait=error.seconds)

    async def _note(
        self, kind: str, user: User | None, client: SignInClient, **details: Any
    ) -> None:
        # The given address is not stored: users sometimes type passwords there.
        user_id = str(user.id) if user else None
        await self._events.add(client.source.event(kind, user_id, **details))

    async def _remember(self, user: User, client: SignInClient) -> None:
        await self._throttle.remember(user.id, client.ip)
        await self._database.execute(SQL["note_sign_in"], {"id": user.id}, idempotent=True)

    async def _rehash(self, found: Found, password: str, share: str) -> None:
        try:
            parameters = {
                "id": found.user.id,
                "old_hash": found.password_hash,
                "password_hash": await self._passwords.hash(password, share),
            }
            await self._database.execute(SQL["set_password_hash"], parameters)
        except (DatabaseError, TooManySignIns):
            # The old hash is still valid; the next sign-in tries again.
            return


def _found(row: tuple[Any, ...] | None) -> Found | None:
    return Found(User(*row[:5]), *row[5:]) if row else None


def _state(found: Found | None) -> str:
    if found is None:
        return "unknown"
    return "disabled" if found.disabled else "known"
