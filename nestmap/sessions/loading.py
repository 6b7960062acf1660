"""Loads the session of a request by the sids in its cookies."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from nestmap.sessions.reader import SessionReader
from nestmap.sessions.records import Lapsed, Record
from nestmap.sessions.session import Session

Result = TypeVar("Result")

# A browser sends one or two cookies of our name; of more, this many are looked up at a time, so that a
# request with a hundred takes few places in the queue.
AT_A_TIME = 4


class SessionLoader:
    """Loads sessions. Raises DatabaseError, or what the site's load_user raises."""

    def __init__(self, reader: SessionReader, max_bytes: int, *, refuse: bool) -> None:
        self._reader = reader
        self._max_bytes = max_bytes
        self._refuse = refuse

    async def load(self, sids: Sequence[str]) -> Session:
        """Return the session for these sids, which are all from valid cookies.

        Without a sid it is a fresh session; with one live session, that session; with none, a lapsed
        one. With two live sessions neither is used: one may be from an attacker. An unknown sid is
        never adopted.
        """
        if not sids:
            return Session(self._max_bytes)
        if len(sids) == 1:
            found = [await self._reader.load(sids[0])]
        else:
            found = await _each(self._reader.load, sids)
        records = [one for one in found if isinstance(one, Record)]
        if len(records) == 1:
            return Session(self._max_bytes, records[0])
        if records:
            return self._lapsed(Lapsed("two sessions"), tuple(one.id for one in records))
        lapsed = [one for one in found if isinstance(one, Lapsed)]
        if not lapsed:
            return self._lapsed(await self._ending(sids) or Lapsed())
        # Their rows are still there: a sign-in or a sign-out deletes them.
        named = tuple(one.id for one in lapsed if one.id is not None)
        if lapsed[0].reason == "unreadable":
            # The session was not ended: the next data replaces the data that can't be read.
            return Session(self._max_bytes, named=named)
        return self._lapsed(lapsed[0], named)

    def lapsed_by_form(self, session: Session) -> Session:
        """Return a lapsed session for a form that was rendered for another session."""
        if session.lapsed:
            return session
        named = (session.stored.id,) if session.stored else session.named
        return self._lapsed(Lapsed("form"), named)

    async def _ending(self, sids: Sequence[str]) -> Lapsed | None:
        endings = await _each(self._reader.ending, sids)
        return next((ending for ending in endings if ending is not None), None)

    def _lapsed(self, lapsed: Lapsed, named: tuple[str, ...] = ()) -> Session:
        may_begin = not (self._refuse or lapsed.needs_choice)
        return Session(self._max_bytes, lapsed=lapsed, may_begin=may_begin, named=named)


async def _each(look_up: Callable[[str], Awaitable[Result]], sids: Sequence[str]) -> list[Result]:
    async def one(sid: str) -> Result:
        return await look_up(sid)

    found: list[Result] = []
    for begin in range(0, len(sids), AT_A_TIME):
        found += await asyncio.gather(*map(one, sids[begin : begin + AT_A_TIME]))
    return found
