"""The search of administrators: accounts by email address, sessions by IP address or public id."""

import re
from dataclasses import dataclass, field

from handlers.admin_users import note_read
from handlers.base import BaseHandler
from handlers.errors import SiteError
from nestmap.accounts import ListedUser, User
from nestmap.sessions import BadAddress, SessionPage

SESSION_ID = re.compile(r"[0-9a-f]{16}")
USER_ID = re.compile(r"[0-9]{1,18}")

# The highest number of accounts whose sessions a search shows.
ACCOUNTS = 25


@dataclass(frozen=True, slots=True)
class Found:
    """A page of sessions, their users by id, and the accounts that the text found."""

    text: str
    page: SessionPage
    people: dict[str, User]
    accounts: list[ListedUser] = field(default_factory=list)
    user_id: str = ""


async def found_sessions(handler: BaseHandler) -> Found:
    """Return the result for q, user and cursor of the query.

    Raises SiteError 400 for an invalid user, BadCursor for an invalid cursor.
    """
    text = handler.get_query_argument("q", "").replace("\0", "")
    user_id = handler.get_query_argument("user", "")
    cursor = handler.get_query_argument("cursor", "") or None
    if user_id and not USER_ID.fullmatch(user_id):
        raise SiteError(400, "invalid_user", "user is the number of an account.")
    accounts: list[ListedUser] = []
    if user_id:
        page = await sessions_of(handler, [int(user_id)], cursor)
    elif not text:
        page = await handler.sessions.admin.page(cursor)
    elif (by_key := await _by_key(handler, text, cursor)) is not None:
        page = by_key
    else:
        accounts = await handler.services.administration.search(text, most=ACCOUNTS)
        page = await sessions_of(handler, [one.id for one in accounts], cursor)
    await note_read(handler, "sessions", text or user_id)
    owners = [one.user_id for one in page.sessions if one.user_id]
    return Found(text, page, await handler.services.accounts.users(owners), accounts, user_id)


async def sessions_of(handler: BaseHandler, users: list[int], cursor: str | None) -> SessionPage:
    """Return a page of the sessions of these accounts."""
    return await handler.sessions.admin.search(user_ids=users, cursor=cursor)


async def _by_key(handler: BaseHandler, text: str, cursor: str | None) -> SessionPage | None:
    """Return the sessions with a public id, an IP address or a network; None for other texts."""
    if SESSION_ID.fullmatch(text):
        return await handler.sessions.admin.search(public_id=text)
    try:
        return await handler.sessions.admin.search(network=text, cursor=cursor)
    except BadAddress:
        return None
