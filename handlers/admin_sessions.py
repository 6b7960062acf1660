"""All sessions, for administrators: list them as JSON, end one, end those of everybody.

Those of one account: handlers/admin_users.py.
"""

from typing import Any

from handlers.access import Access
from handlers.admin_search import SESSION_ID, Found, found_sessions
from handlers.base import BaseHandler
from handlers.client import source_of
from handlers.errors import SiteError
from handlers.flash import say
from handlers.users import user_json
from handlers.words import iso
from nestmap.sessions import ListedSession
from nestmap.sessions.admin import BY_ADMINISTRATOR

NO_SESSION = "There is no session with this id. It may have ended by itself."


class ApiAdminSessionsHandler(BaseHandler):
    """GET /api/admin/sessions?q=&user=&cursor=."""

    access = Access.ADMIN

    async def get(self) -> None:
        """List sessions; "next" is the cursor of the next page, or null."""
        found = await found_sessions(self)
        sessions = [listed_json(one, found) for one in found.page.sessions]
        self.finish_json({"sessions": sessions, "next": found.page.next})


class ApiAdminSessionHandler(BaseHandler):
    """DELETE /api/admin/sessions/{id}."""

    access = Access.ADMIN

    async def delete(self, session_id: str) -> None:
        """End a session: 204, or 404 if there is none with this id."""
        if not SESSION_ID.fullmatch(session_id):
            reason = "The id of a session is 16 characters of 0-9 and a-f."
            raise SiteError(400, "invalid_id", reason)
        if not await end_session(self, session_id):
            raise SiteError(404, "not_found", NO_SESSION)
        self.set_status(204)


class AdminEndSessionHandler(BaseHandler):
    """POST /admin/sessions/{id}/end by a form."""

    access = Access.ADMIN

    async def post(self, session_id: str) -> None:
        """End a session, and show the page with its list again."""
        ended = await end_session(self, session_id)
        say(self, "That session is ended." if ended else NO_SESSION)
        page = self.form_page
        self.redirect(page if page.startswith("/admin") else "/admin", status=303)


class EndAllHandler(BaseHandler):
    """POST /admin/end-all-sessions."""

    access = Access.ADMIN

    async def post(self) -> None:
        """End every session of everybody, this one too: after a backup was restored, or a leak."""
        await self.ensure_confirmed()
        source, end_all = source_of(self), self.services.end_all
        await end_all.begin(source)
        # Millions of accounts and rows take longer than a request.
        self.services.background.start(end_all.run_in_background(source), "end all sessions")
        self.session.end(BY_ADMINISTRATOR)
        self.redirect("/login", status=303)


async def end_session(handler: BaseHandler, session_id: str) -> bool:
    """End the session with this public id, the current one by signing out.

    Return False if none has it.
    """
    await handler.ensure_confirmed()
    if session_id == handler.session.id:
        handler.session.sign_out()
        return True
    return await handler.sessions.admin.end(session_id, source=source_of(handler)) > 0


def listed_json(listed: ListedSession, found: Found) -> dict[str, Any]:
    """Return a session in the JSON for administrators; user is null for an anonymous session."""
    user = found.people.get(listed.user_id or "")
    return {
        "id": listed.id,
        "user_id": listed.user_id,
        "user": user_json(user) if user else None,
        "created_at": iso(listed.created_at),
        "signed_in_at": iso(listed.signed_in_at),
        "last_seen_at": iso(listed.last_seen_at),
        "expires_at": iso(listed.expires_at),
        "ip": listed.ip,
        "user_agent": listed.user_agent,
    }
