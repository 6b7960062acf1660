"""The state of a session at the end of its request, and the write that it needs."""

from collections.abc import Callable
from enum import Enum, auto

from nestmap.sessions.records import Changes, Client
from nestmap.sessions.session import Session
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import End, Insert, Rotate, SessionEnded, Touch, Update, Write


class State(Enum):
    """The state of a session in its request. Each state has at most one commit and one cookie."""

    FRESH = auto()  # no valid cookie, nothing to store: no commit, no cookie
    LAPSED = auto()  # its session can't be used: no commit; a sign-out clears the cookie
    REFUSED = auto()  # lapsed, with data that may not begin a new session: SessionEnded
    NEW = auto()  # not stored yet or ended, has data or a user: insert, cookie
    CLEAN = auto()  # loaded, unchanged: no commit, no cookie
    DUE = auto()  # loaded, unchanged, due for renewal: expiry only, cookie
    CHANGED = auto()  # loaded, some keys differ: update, cookie if renewed
    ROTATED = auto()  # loaded, then given a new sid: copy, then the row in its place, cookie
    ENDED = auto()  # ended, and its cookies name live sessions: delete, cookie cleared


def state_of(session: Session) -> State:
    """Return the state of a session.

    Raises SessionValueError or SessionTooLarge if a value was changed in place to an invalid one.
    """
    return _state_with(session, session.data.changes())


def plan(session: Session, client: Callable[[], Client]) -> Write | None:
    """Return the write that ``session`` needs, or None if there is nothing to commit.

    An insert or a rotation has a new sid of its own: that of an earlier one, whose outcome is unknown,
    is removed in the background.

    ``client`` is called only if address and browser will be stored. Raises SessionEnded if something was
    stored into a lapsed session that may not begin a new one, SessionValueError or SessionTooLarge.
    """
    changes, stored = session.data.changes(), session.stored
    state = _state_with(session, changes)
    match state:
        case State.REFUSED:
            raise SessionEnded
        case State.NEW:
            return _insert(session, client())
        case State.ENDED:
            return End(
                tuple(_ids_to_end(session)), session.asked.end_reason or "signed out", client()
            )
    if stored is None:
        # FRESH and LAPSED; sessions of the other states are stored.
        return None
    match state:
        case State.CHANGED:
            return _update(session, stored.sid, changes, client())
        case State.ROTATED:
            return _rotate(session, stored.sid, changes, client())
        case State.DUE:
            return Touch(stored.sid)
    return None


def _insert(session: Session, client: Client) -> Insert:
    return Insert(
        sid=new_sid(),
        id=new_id(),
        data=session.data.document(),
        client=client,
        owner=session.asked.owner,
        named=_ids_to_end(session),
        reason=session.asked.end_reason or "replaced",
    )


def _update(session: Session, sid: str, changes: Changes, client: Client) -> Update:
    return Update(
        sid=sid,
        changed=changes.changed,
        removed=changes.removed,
        replaces=session.data.replaces,
        client=client,
    )


def _rotate(session: Session, sid: str, changes: Changes, client: Client) -> Rotate:
    return Rotate(
        sid=sid,
        new_sid=new_sid(),
        new_id=new_id(),
        changed=changes.changed,
        removed=changes.removed,
        replaces=session.data.replaces,
        client=client,
        owner=session.asked.owner,
        confirms=session.asked.confirmed,
        takes=session.asked.owner is not None,
        named=list(session.named),
    )


def _ids_to_end(session: Session) -> list[str]:
    """Return the public ids of the live sessions that this request must end."""
    own = [session.stored.id] if session.stored and session.ended else []
    return [*own, *session.named]


def _state_with(session: Session, changes: Changes) -> State:
    if session.stored is None or session.ended:
        return _state_without_row(session)
    if session.asked.rotates:
        return State.ROTATED
    if changes:
        return State.CHANGED
    return State.DUE if session.stored.is_due else State.CLEAN


def _state_without_row(session: Session) -> State:
    """Return the state of a session that has no row, or whose row will be deleted."""
    if session.asked.owner or (session.data and session.may_begin):
        return State.NEW
    if session.ended and (session.stored or session.named):
        return State.ENDED
    if session.lapsed:
        return State.REFUSED if session.data else State.LAPSED
    return State.FRESH
