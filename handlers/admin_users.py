"""Accounts, for administrators: list, search, roles, disable and enable, end all sessions."""

import re
from typing import Any

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.client import source_of
from handlers.ending import end_invalid_sessions
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import field, json_object
from handlers.words import iso
from nestmap.accounts import ROLES, LastAdministrator, ListedUser, User
from nestmap.sessions import BadCursor
from nestmap.sessions.admin import BY_ADMINISTRATOR

PAGE = 50

# Cursors: that of a search, and that of the list of all accounts.
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
NUMBER = re.compile(r"[0-9]{1,18}")

NO_ACCOUNT = "There is no such account."

# The messages after an action.
SAID = {
    "disable": "The account is disabled, and its sessions are ended.",
    "enable": "The account is enabled.",
    "role": "The account has another role.",
    "end-sessions": "All sessions of the account are ended.",
}


class ApiUsersHandler(BaseHandler):
    """GET /api/admin/users?q=&cursor=."""

    access = Access.ADMIN

    async def get(self) -> None:
        """List all accounts by id, or those whose address begins with q, or ends with q if q begins with @.

        "next" is the cursor of the next page, or null.
        """
        cursor, text = (self.get_query_argument(name, "") for name in ("cursor", "q"))
        users, following = await found_users(self, text.replace("\0", ""), cursor)
        await note_read(self, "users", text)
        self.finish_json({"users": [listed_json(user) for user in users], "next": following})


class ApiUserHandler(BaseHandler):
    """PATCH /api/admin/users/{id}."""

    access = Access.ADMIN

    async def patch(self, user_id: str) -> None:
        """Change the role, or disable or enable: {role?, disabled?}.

        The answer is 409 for the last administrator.
        """
        fields = json_object(self)
        role, disabled = fields.get("role"), fields.get("disabled")
        if role not in (None, *ROLES) or not isinstance(disabled, bool | None):
            reason = 'role is "user" or "admin", disabled is true or false.'
            raise SiteError(400, "invalid_request", reason)
        await self.ensure_confirmed()
        user = await change_user(self, int(user_id), role, disabled)
        self.finish_json({"user": {"id": user.id, "email": user.email, "role": user.role}})


class UserHandler(BaseHandler):
    """GET /admin/users/{id}?cursor=."""

    access = Access.ADMIN

    async def get(self, user_id: str) -> None:
        """Show one account with its sessions and the possible actions."""
        account = await self.services.administration.user(int(user_id))
        if account is None:
            raise SiteError(404, "not_found", NO_ACCOUNT)
        cursor = self.get_query_argument("cursor", "") or None
        page = await self.sessions.admin.search(user_ids=[account.id], cursor=cursor)
        await note_read(self, "user", user_id)
        self.render("user.html", account=account, page=page)


class UserActHandler(BaseHandler):
    """POST /admin/users/{id}/{act} by a form."""

    access = Access.ADMIN

    async def post(self, user_id: str, act: str) -> None:
        """Disable, enable, end the sessions of, or change the role of an account."""
        await self.ensure_confirmed()
        page = self.form_page
        if act == "end-sessions":
            await end_sessions(self, int(user_id))
        else:
            role = field(self, "role") if act == "role" else None
            if role not in (None, *ROLES):
                raise SiteError(400, "invalid_request", "There is no such role.")
            disabled = {"disable": True, "enable": False}.get(act)
            user = await change_user(self, int(user_id), role, disabled)
            if user.id == self.signed_in_user.id and user.role != "admin":
                page = "/account"
        say(self, SAID[act])
        self.redirect(page, status=303)


async def found_users(
    handler: BaseHandler, text: str, cursor: str
) -> tuple[list[ListedUser], str | None]:
    """Return a page of accounts and the cursor of the next page. Raises BadCursor.

    The cursor of a search is an address, so it is valid after its account was deleted.
    """
    administration, is_search = handler.services.administration, bool(text.strip())
    if cursor and not (ADDRESS if is_search else NUMBER).fullmatch(cursor):
        raise BadCursor
    # One more shows if there is a next page.
    if is_search:
        users = await administration.search(text, cursor, PAGE + 1)
    else:
        users = await administration.users(int(cursor or 0), PAGE + 1)
    last = users[PAGE - 1] if len(users) > PAGE else None
    following = (last.email if is_search else str(last.id)) if last else None
    return users[:PAGE], following


async def change_user(
    handler: BaseHandler, user_id: int, role: str | None, disabled: bool | None
) -> User:
    """Change an account. SiteError 404 if it is unknown, 409 for the last administrator."""
    administration, source = handler.services.administration, source_of(handler)
    user: User | None = None
    try:
        if disabled is True:
            user = await administration.disable(user_id, source)
            await end_invalid_sessions(handler, user_id, "account disabled")
        elif disabled is False:
            user = await administration.enable(user_id, source)
        if role is not None:
            user = await administration.set_role(user_id, role, source)
    except LastAdministrator as error:
        raise SiteError(409, "last_administrator", str(error)) from None
    if user is None:
        found = await handler.services.accounts.users([str(user_id)])
        user = found.get(str(user_id))
    if user is None:
        raise SiteError(404, "not_found", NO_ACCOUNT)
    return user


async def end_sessions(handler: BaseHandler, user_id: int) -> None:
    """End all sessions of an account. SiteError 404 if it is unknown."""
    if await handler.services.administration.end_sessions(user_id, source_of(handler)) is None:
        raise SiteError(404, "not_found", NO_ACCOUNT)
    await end_invalid_sessions(handler, user_id, BY_ADMINISTRATOR)


async def note_read(handler: BaseHandler, what: str, text: str = "") -> None:
    """Add an event that an administrator read personal data, one a minute for each list."""
    user = handler.signed_in_user
    if handler.services.samplers.reads.take(f"{what} {user.id}"):
        event = source_of(handler).event("admin_read", what=what, searched=bool(text))
        await handler.sessions.events.add(event)


def listed_json(user: ListedUser) -> dict[str, Any]:
    """Return an account in the JSON of a list; times are ISO 8601."""
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "created_at": iso(user.created_at),
        "signed_in_at": iso(user.signed_in_at),
        "password_changed_at": iso(user.password_changed_at),
        "disabled_at": iso(user.disabled_at),
        "must_change_password": user.must_change,
    }
