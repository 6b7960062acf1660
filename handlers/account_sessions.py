"""The sessions of the signed-in user: list them, end one, end all others."""

from handlers.base import BaseHandler
from handlers.client import source_of
from handlers.errors import SiteError
from handlers.flash import say
from handlers.own_sessions import own_sessions

NO_SESSION = "You have no session of this id. It may have ended by itself."


class EndSessionHandler(BaseHandler):
    """POST /account/sessions/{id}/end."""

    async def post(self, session_id: str) -> None:
        """End one session of the user; the current one by signing out."""
        if session_id == self.session.id:
            self.session.sign_out()
            self.redirect("/", status=303)
            return
        ended = await end_session(self, session_id)
        say(self, "That session is ended." if ended else NO_SESSION)
        self.redirect("/account", status=303)


class EndOtherSessionsHandler(BaseHandler):
    """POST /account/sessions/end-others."""

    async def post(self) -> None:
        """End all sessions of the user except this one."""
        number = await end_others(self)
        say(
            self,
            "One other session is ended." if number == 1 else f"{number} other sessions are ended.",
        )
        self.redirect("/account", status=303)


class ApiSessionsHandler(BaseHandler):
    """GET and DELETE /api/account/sessions."""

    async def get(self) -> None:
        """List the sessions of the user, the current one first."""
        self.finish_json({"sessions": [one.json() for one in await own_sessions(self)]})

    async def delete(self) -> None:
        """End all others. It needs `?others=true`, so that a missing id ends no session."""
        if self.get_query_argument("others", "") != "true":
            raise SiteError(400, "invalid_request", "Say which: /{id}, or ?others=true.")
        await end_others(self)
        self.set_status(204)


class ApiSessionHandler(BaseHandler):
    """DELETE /api/account/sessions/{id}."""

    async def delete(self, session_id: str) -> None:
        """End one session of the user; the current one as signing out does."""
        if session_id == self.session.id:
            self.session.sign_out()
        elif not await end_session(self, session_id):
            raise SiteError(404, "not_found", NO_SESSION)
        self.set_status(204)


async def end_session(handler: BaseHandler, session_id: str) -> bool:
    """End one session of the signed-in user; return False if none has this id."""
    await handler.ensure_confirmed()
    admin, user_id = handler.sessions.admin, handler.session.user_id
    return await admin.end(session_id, "ended by its user", user_id, source_of(handler)) > 0


async def end_others(handler: BaseHandler) -> int:
    """End all sessions of the signed-in user except this one; return their number."""
    await handler.ensure_confirmed()
    session, source = handler.session, source_of(handler)
    return await handler.sessions.admin.end_others(session.user_id, session.id, source=source)
