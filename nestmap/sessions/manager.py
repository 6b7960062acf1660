"""What may happen to a session: it is loaded, and it is committed."""

from asyncio import Future
from collections.abc import Callable, Sequence

from nestmap.sessions.records import Client, new_sid
from nestmap.sessions.session import Session, State
from nestmap.sessions.store import SessionStore
from nestmap.sessions.writes import Delete, Insert, Touch, Update, Written

Plan = Insert | Update | Touch | Delete


class SessionManager:
    """Loads sessions and commits them. Only trouble with the database raises (DatabaseError)."""

    def __init__(self, store: SessionStore, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes

    async def load(self, sids: Sequence[str]) -> Session:
        """The first of these sids that is stored and alive, else a fresh session.

        Unknown, expired and undecodable are all the same: a fresh session. A sid is never adopted.
        """
        for sid in sids:
            record = await self._store.load(sid)
            if record is not None:
                return Session(self._max_bytes, record)
        return Session(self._max_bytes)

    def plan(self, session: Session, client: Callable[[], Client]) -> Plan | None:
        """The one statement that this session needs, or None when it needs no commit.

        ``client`` is asked only when it is to be stored. Raises SessionValueError or
        SessionTooLarge.
        """
        state, changes = session.settle()
        stored = session.stored
        if stored is None:
            if state is State.NEW:
                user_id = session.user.id if session.user else None
                return Insert(session.sid or new_sid(), changes.changed, user_id, client())
            return None
        match state:
            case State.CHANGED | State.ROTATED:
                return Update(
                    sid=stored.sid,
                    new_sid=session.sid or stored.sid,
                    changed=changes.changed,
                    removed=changes.removed,
                    cleared=session.cleared,
                    reowned=session.reowned,
                    user_id=session.user.id if session.user else None,
                    client=client(),
                    instead=self._anew(session, client) if state is State.ROTATED else None,
                )
            case State.DUE:
                return Touch(stored.sid)
            case State.ENDED:
                return Delete(stored.sid)
        return None

    def _anew(self, session: Session, client: Callable[[], Client]) -> Insert | None:
        """What to store when an anonymous visitor signs in and the session is gone.

        A second click on "Sign in" finds that the first one has rotated the session. It has the
        password, so it gets a session of its own; the sid that is gone stays gone.
        """
        anonymous = session.stored is not None and session.stored.owner_id is None
        if not (anonymous and session.user and session.sid):
            return None
        return Insert(session.sid, session.document(), session.user.id, client())

    def commit(self, plan: Plan, waited: float = 0.0) -> Future[Written | None]:
        """Carry out the plan: the future row that a cookie may name then, or None.

        ``waited`` is how long the request has waited for its session before (seconds): loading and
        committing share one patience, or an outage would be answered too late.
        Raises Overloaded at once; the future fails with another DatabaseError, or with
        SessionEnded when a write finds that its session is gone.
        """
        match plan:
            case Insert():
                return self._store.insert(plan, waited)
            case Update():
                return self._store.update(plan, waited)
            case Touch():
                return self._store.touch(plan, waited)
            case Delete():
                return self._store.delete(plan, waited)
