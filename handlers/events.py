"""Security events: all of them for administrators, their own for users."""

import dataclasses

from handlers.access import Access
from handlers.admin_users import note_read
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.event_kinds import KINDS
from nestmap.sessions import Event

PAGE = 50

# The actor of these kinds is not verified.
ATTEMPTS = ("sign_in_failed", "throttled")


class EventsHandler(BaseHandler):
    """GET /admin/events?user=&kind=&before=."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Show events, newest first."""
        events, following = await found_events(self)
        ids = {one for event in events for one in (event.user_id, event.actor_id) if one}
        await note_read(self, "events")
        self.render(
            "events.html",
            events=events,
            kinds=KINDS,
            people=await self.services.accounts.users(ids),
            form={name: self.get_query_argument(name, "") for name in ("user", "kind")},
            following=following,
        )


class ApiEventsHandler(BaseHandler):
    """GET /api/admin/events?user=&kind=&before=."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Answer with events, newest first; "next" is the value of "before" for the next page."""
        events, following = await found_events(self)
        await note_read(self, "events")
        self.finish_json(
            {"events": [dataclasses.asdict(event) for event in events], "next": following}
        )


class OwnEventsHandler(BaseHandler):
    """GET /account/events."""

    async def get(self) -> None:
        """Show the newest events of the user's account."""
        self.render("own_events.html", events=await own_events(self), kinds=KINDS)


class ApiOwnEventsHandler(BaseHandler):
    """GET /api/account/events."""

    async def get(self) -> None:
        """Answer with the newest events of the user's account."""
        self.finish_json({"events": await own_events(self)})


async def own_events(handler: BaseHandler) -> list[dict[str, object]]:
    """Return the newest events of the signed-in user."""
    user_id = str(handler.signed_in_user.id)
    events = await handler.sessions.events.newest(PAGE, user_id=user_id)
    return [own_json(event, user_id) for event in events]


async def found_events(handler: BaseHandler) -> tuple[list[Event], int | None]:
    """Return the page of events for the query, and the value of "before" for the next page."""
    before = handler.get_query_argument("before", "")
    if before and not (before.isdecimal() and before.isascii() and len(before) < 19):
        raise SiteError(400, "invalid_cursor", "before is not the id of an event.")
    # One more shows if there is a next page.
    events = await handler.sessions.events.newest(
        PAGE + 1,
        user_id=handler.get_query_argument("user", "").replace("\0", "") or None,
        kind=handler.get_query_argument("kind", "").replace("\0", "") or None,
        before=int(before) if before else None,
    )
    return events[:PAGE], events[PAGE - 1].id if len(events) > PAGE else None


def own_json(event: Event, user_id: str) -> dict[str, object]:
    """Return an event in the JSON for its user.

    It has neither the name nor the IP address of an administrator; a sign-in attempt has its IP
    address.
    """
    by = _by(event, user_id)
    is_told = by in ("you", "someone")
    return {
        "at": event.at,
        "kind": event.kind,
        "by": by,
        "session": event.session_id if is_told else None,
        "ip": event.ip if is_told else None,
        "user_agent": event.user_agent if is_told else None,
    }


def _by(event: Event, user_id: str) -> str:
    """Return the actor in words.

    A client with a wrong password may be signed in to another account.
    """
    if event.actor_id == user_id:
        return "you"
    if event.kind in ATTEMPTS:
        return "someone"
    return "an operator" if "os_user" in event.details else "an administrator"
