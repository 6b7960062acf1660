"""End the sessions of an account after its version was changed, which made them invalid already."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from handlers.base import BaseHandler
from handlers.client import source_of
from nestmap.database import DatabaseError

ATTEMPTS = 10
PAUSE = 2.0  # seconds between two attempts

log = logging.getLogger("nestmap.handlers")


async def end_invalid_sessions(
    handler: BaseHandler, user_id: object, reason: str, *, keep: str | None = None
) -> None:
    """End the sessions of an account, except for the one with the public id ``keep``.

    An error does not fail the request, whose action is committed: it is done in the background.
    """
    admin, source = handler.sessions.admin, source_of(handler)
    end = partial(admin.end_others, user_id, keep, reason, source)
    try:
        await end()
    except DatabaseError as error:
        log.warning("%s: invalid sessions are ended later: %s", handler.request_id, error)
        handler.services.background.start(_later(end), f"end the sessions of account {user_id}")


async def _later(end: Callable[[], Awaitable[int]]) -> None:
    for _ in range(ATTEMPTS - 1):
        await asyncio.sleep(PAUSE)
        try:
            await end()
        except DatabaseError:
            continue
        return
    await end()
