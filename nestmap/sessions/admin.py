"""Administration: list, end and count sessions. Sessions are named by their public id."""

from collections.abc import Sequence
from typing import Any

from nestmap.database import Database
from nestmap.sessions.ending import Progress, SessionEnding
from nestmap.sessions.events import Source
from nestmap.sessions.figures import Figures, HistoryPoint
from nestmap.sessions.listing import MOST, PAGE, ListedSession, SessionLists, SessionPage
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.samples import Samples

BY_ADMINISTRATOR = "ended by an administrator"

# The class has a method of the name "list".
Listing = list[ListedSession]
History = list[HistoryPoint]


class SessionAdmin:
    """Lists, ends and counts sessions. All methods may raise DatabaseError.

    The cost of a page does not depend on the number of sessions. ``cursor`` is the ``next`` of the
    previous page (BadCursor if it is invalid), ``most`` the highest number of sessions on a page.
    ``source`` is the actor, for the events.
    """

    def __init__(self, database: Database, options: SessionOptions, samples: Samples) -> None:
        self._lists = SessionLists(database, options)
        self._ending = SessionEnding(database, options)
        self._samples = samples

    async def list(self, user_id: object, most: int = MOST) -> Listing:
        """Return the live sessions of one user, the newest sign-in first."""
        return (await self._lists.of_users([str(user_id)], None, most)).sessions

    async def newest(self, most: int = MOST) -> Listing:
        """Return the first of the live sessions of signed-in users, the newest sign-in first."""
        return (await self._lists.newest(None, most)).sessions

    async def page(self, cursor: str | None = None, most: int = PAGE) -> SessionPage:
        """Return a page of them, from ``cursor`` on: the ``next`` of the page before, or None."""
        return await self._lists.newest(cursor, most)

    async def search(
        self,
        *,
        user_ids: Sequence[object] | None = None,
        network: str | None = None,
        public_id: str | None = None,
        cursor: str | None = None,
        most: int = PAGE,
    ) -> SessionPage:
        """Return a page of the live sessions of some users, of a network, or with a public id.

        ``network`` is an IP address or a network such as "10.0.0.0/8" (BadAddress if it is
        neither). Those of users begin with the newest sign-in.
        """
        if public_id is not None:
            return await self._lists.of_id(public_id)
        if network is not None:
            return await self._lists.of_network(network, cursor, most)
        return await self._lists.of_users([str(one) for one in user_ids or ()], cursor, most)

    async def authenticated_within(self, public_id: str, seconds: int) -> bool:
        """Return True if the user of a session signed in or gave the password in the last ``seconds``."""
        return await self._lists.authenticated_within(public_id, seconds)

    async def end(
        self,
        public_id: str,
        reason: str = BY_ADMINISTRATOR,
        user_id: object = None,
        source: Source | None = None,
    ) -> int:
        """End one session, with ``user_id`` only if it belongs to this user. Return the number: 0 or 1."""
        owner = None if user_id is None else str(user_id)
        return await self._ending.one(public_id, owner, reason, source)

    async def end_others(
        self,
        user_id: object,
        keep: str | None,
        reason: str = "ended by its user",
        source: Source | None = None,
    ) -> int:
        """End all sessions of a user except the one with the public id ``keep``; return their number."""
        return await self._ending.of_user(str(user_id), keep, reason, source)

    async def end_user(
        self,
        user_id: object,
        reason: str = BY_ADMINISTRATOR,
        source: Source | None = None,
    ) -> int:
        """End all sessions of a user and return their number."""
        return await self._ending.of_user(str(user_id), None, reason, source)

    async def end_all(
        self,
        reason: str = BY_ADMINISTRATOR,
        source: Source | None = None,
        progress: Progress | None = None,
    ) -> int:
        """End all sessions, in batches, and return their number.

        ``progress`` is called after each batch with the number of sessions that have ended so far.
        """
        return await self._ending.every(reason, source, progress)

    async def figures(self, *, patient: bool = False) -> Figures:
        """Return the figures: counted now if the table is small, else from the last sample.

        Raises NotSampled if the table is large and there is no sample yet; ``patient=True`` takes
        one, which can last seconds.
        """
        return await self._samples.figures(patient=patient)

    async def last_sample(self) -> Figures | None:
        """Return the figures of the last sample, or None."""
        return await self._samples.last()

    async def stats(self, *, patient: bool = False) -> dict[str, Any]:
        """Return figures() as JSON values; ``generated_at`` is their time."""
        return (await self.figures(patient=patient)).json()

    async def history(self, seconds: int, step: int) -> History:
        """Return the samples of the last ``seconds`` in steps of ``step`` seconds, oldest first.

        There are samples of each minute for two days, and of each hour for 400 days.
        """
        return await self._samples.history(seconds, step)
