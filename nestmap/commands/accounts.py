"""Commands for accounts: list, create, passwords, roles, disable and enable, end sessions."""

import argparse
import getpass
import os

from nestmap.accounts import ROLES, InvalidAccount, SignInClient, User, checked_password
from nestmap.commands.command import AddCommand, CommandRefused
from nestmap.output import STDERR, STDIN, say
from nestmap.services import Services
from nestmap.sessions import Source
from nestmap.sessions.ending import BATCH
from nestmap.sessions.figures import iso


def operator() -> Source:
    """Return the operating system's user who runs the command, for the event."""
    try:
        name = getpass.getuser()
    except OSError:
        name = str(os.getuid())
    sudo = os.environ.get("SUDO_USER")
    return Source(details={"os_user": name, **({"sudo_user": sudo} if sudo else {})})


async def create_user(arguments: argparse.Namespace, services: Services) -> int:
    """Make an account whose password must be changed at the first sign-in."""
    user = await services.accounts.register(
        arguments.email,
        read_password(),
        SignInClient(operator(), is_operator=True),
        role="admin" if arguments.admin else "user",
        must_change=not arguments.keep_password,
    )
    print(f"created {user.role} {user.email}")
    return 0


async def set_password(arguments: argparse.Namespace, services: Services) -> int:
    """Set the password of an account; it must be changed at the next sign-in."""
    user_id = await find_user(arguments.email, services)
    user = await services.administration.set_password(
        user_id,
        arguments.email,
        read_password(),
        operator(),
        must_change=not arguments.keep_password,
    )
    await services.sessions.admin.end_user(user_id, "password change", operator())
    return said(user, "has another password; its sessions have ended", arguments)


async def set_role(arguments: argparse.Namespace, services: Services) -> int:
    """Give an account the role "user" or "admin"."""
    user_id = await find_user(arguments.email, services)
    user = await services.administration.set_role(user_id, arguments.role, operator())
    return said(user, f"has the role {arguments.role}", arguments)


async def disable_user(arguments: argparse.Namespace, services: Services) -> int:
    """Disable an account and end its sessions."""
    user_id = await find_user(arguments.email, services)
    user = await services.administration.disable(user_id, operator())
    await services.sessions.admin.end_user(user_id, "account disabled", operator())
    return said(user, "is disabled; its sessions have ended", arguments)


async def enable_user(arguments: argparse.Namespace, services: Services) -> int:
    """Enable an account again; its old sessions stay ended."""
    user_id = await find_user(arguments.email, services)
    user = await services.administration.enable(user_id, operator())
    return said(user, "is enabled", arguments)


async def end_sessions(arguments: argparse.Namespace, services: Services) -> int:
    """End every session of one account, or all sessions (after a restored backup)."""
    if arguments.all:
        await services.end_all.begin(operator())
        count = await services.end_all.run(operator(), tell_accounts, tell_progress)
        print(f"{count:,} sessions have ended")
        return 0
    user_id = await find_user(arguments.email, services)
    user = await services.administration.end_sessions(user_id, operator())
    await services.sessions.admin.end_user(user_id, source=operator())
    return said(user, "has no session any more", arguments)


def tell_accounts(count: int) -> None:
    """Print the number of accounts whose sessions are invalid, every 100,000 accounts."""
    if count >= 100_000 and count % 100_000 < 2000:
        say(f"the sessions of {count:,} accounts are invalid so far", STDERR)


def tell_progress(count: int) -> None:
    """Print the number of ended sessions to standard error, every 100,000 sessions."""
    if count >= 100_000 and count % 100_000 < BATCH:
        say(f"{count:,} sessions have ended so far", STDERR)


async def users(_: argparse.Namespace, services: Services) -> int:
    """List the accounts as tab-separated text, to review who has access."""
    print("id", "email", "role", "created", "last sign-in", "disabled", sep="\t")
    after = 0
    while page := await services.administration.users(after=after, most=500):
        for one in page:
            times = (one.created_at, one.signed_in_at, one.disabled_at)
            words = (iso(time.timestamp()) if time else "-" for time in times)
            print(one.id, one.email, one.role, *words, sep="\t")
        after = page[-1].id
    return 0


def add_commands(add: AddCommand) -> None:
    """Add the commands of this subject."""
    create = add("create-user", create_user)
    change = add("set-password", set_password)
    for one in (create, change):
        one.add_argument("email", help="the address to sign in with")
        one.add_argument(
            "--keep-password",
            action="store_true",
            help="the password is the user's own choice; it need not be changed",
        )
    create.add_argument("--admin", action="store_true", help="give the role admin")
    role = add("set-role", set_role)
    role.add_argument("email")
    role.add_argument("role", choices=ROLES)
    add("disable-user", disable_user).add_argument("email")
    add("enable-user", enable_user).add_argument("email")
    which = add("end-sessions", end_sessions).add_mutually_exclusive_group(required=True)
    which.add_argument("email", nargs="?")
    which.add_argument("--all", action="store_true", help="of every account, and of all visitors")
    add("users", users)


def read_password() -> str:
    """Return a password from the terminal, or from the first line of standard input.

    Raises InvalidAccount for one of the wrong length, for one that is not UTF-8, and for none.
    """
    try:
        if os.isatty(STDIN):
            return checked_password(getpass.getpass("Password (12 to 256 characters): "))
        with open(STDIN, "rb", closefd=False) as file:
            password = file.readline().decode()
    except (OSError, EOFError):
        reason = "There is no password: type one, or send one to standard input."
        raise InvalidAccount("password", reason) from None
    except UnicodeDecodeError:
        raise InvalidAccount("password", "The password is not UTF-8 text.") from None
    return checked_password(password.rstrip("\r\n"))


async def find_user(email: str, services: Services) -> int:
    """Return the id of the account with this address. Raises CommandRefused if there is none."""
    user_id = await services.administration.find(email)
    if user_id is None:
        raise no_account(email)
    return user_id


def said(user: User | None, what: str, arguments: argparse.Namespace) -> int:
    """Print what was done. Raises CommandRefused if the account no longer exists."""
    if user is None:
        raise no_account(arguments.email)
    print(f"{user.email} {what}")
    return 0


def no_account(email: str) -> CommandRefused:
    """Return the error for an address without an account."""
    return CommandRefused(f"There is no account with the address {email}.")
