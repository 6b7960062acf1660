"""A new sid for a stored session, in two steps, so that no outcome leaves a client without a session.

The first step stores a copy of the session under the new sid. If it fails, the session itself is
unchanged and the request gets an error. The second step replaces the copy with the session, under the
new sid. If its outcome is unknown, the new sid is valid in any case: it belongs to the copy or to the
session. The request is answered as committed, and the old sid is ended in the background.
"""

from asyncio import Future, get_running_loop

from nestmap.background import Background
from nestmap.database import DatabaseError
from nestmap.sessions.batcher import Batcher
from nestmap.sessions.delivery import Late
from nestmap.sessions.leftovers import Leftovers
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import Insert, Rotate, SessionEnded, Written


class Rotations:
    """Carries out a Rotate that changes the sid."""

    def __init__(
        self,
        copies: Batcher[Rotate, Written],
        rotations: Batcher[Rotate, Written],
        inserts: Batcher[Insert, Written],
        leftovers: Leftovers,
        background: Background,
    ) -> None:
        self._copies = copies
        self._rotations = rotations
        self._inserts = inserts
        self._leftovers = leftovers
        self._background = background

    def commit(self, write: Rotate, since: float) -> Future[Written | None]:
        """Carry out ``write`` within the time limit that began at ``since`` (the loop's time)."""
        future: Future[Written | None] = get_running_loop().create_future()
        self._background.start(self._answer(future, write, since), "rotate a session")
        return future

    async def _answer(self, future: Future[Written | None], write: Rotate, since: float) -> None:
        try:
            written = await self._rotate(write, since)
        except (DatabaseError, SessionEnded) as error:
            if not future.done():
                future.set_exception(error)
            return
        except BaseException:
            if not future.done():
                future.set_exception(DatabaseError("a rotation failed"))
            raise
        if not future.done():
            future.set_result(written)

    async def _rotate(self, write: Rotate, since: float) -> Written:
        """Return the row under the new sid. Raises DatabaseError or SessionEnded."""
        try:
            copy = await self._copies.submit(write, since)
        except SessionEnded:
            return await self._begin_anew(write, since)
        except DatabaseError as error:
            if error.unknown:
                self._leftovers.discard(write.new_sid)
            raise
        try:
            return await self._rotations.submit(write, since)
        except SessionEnded:
            self._leftovers.discard(write.new_sid, running=False)
            return await self._begin_anew(write, since)
        except DatabaseError as error:
            # A late rotation was not made: otherwise the row of the new sid would have its name.
            if error.unknown and not isinstance(error, Late):
                self._leftovers.settle(write)
                return copy
            self._leftovers.discard(write.new_sid, running=False)
            raise

    async def _begin_anew(self, write: Rotate, since: float) -> Written:
        """Store a new session for a request that gave the password, without the data of the ended one."""
        if write.owner is None:
            raise SessionEnded
        insert = Insert(
            sid=new_sid(),
            # That of the write may belong to the copy, which is removed in the background.
            id=new_id(),
            data=write.changed,
            client=write.client,
            owner=write.owner,
            named=write.named,
        )
        inserted = self._inserts.submit(insert, since)
        try:
            return await inserted
        except DatabaseError as error:
            if error.unknown:
                self._leftovers.discard(insert.sid)
            raise
