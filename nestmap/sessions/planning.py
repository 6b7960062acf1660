"""Which statement a session needs at the end of its request."""

from collections.abc import Callable

from nestmap.sessions.records import Client
from nestmap.sessions.session import Session, State
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import End, Insert, Rotate, SessionEnded, Touch, Update, Write


def plan(session: Session, client: Callable[[], Client]) -> Write | None:
    """Return the one statement that ``session`` needs, or None if there is nothing to commit.

    ``client`` is called only if address and browser are to be stored. Raises SessionEnded if
    something was stored into a lapsed session, SessionValueError or SessionTooLarge.
    """
    state, changes = session.pending_changes()
    stored = session.stored
    match state:
        case State.REFUSED:
            raise SessionEnded
        case State.NEW:
            return Insert(
                sid=session.new_sid or new_sid(),
                id=new_id(),
                data=session.data.document(),
                client=client(),
                owner=session.owner,
                named=session.ids_to_end(),
            )
        case State.ENDED:
            return End(tuple(session.ids_to_end()), session.end_reason, client())
    if stored is None:
        return None
    match state:
        case State.CHANGED:
            return Update(
                sid=stored.sid,
                changed=changes.changed,
                removed=changes.removed,
                replaces=session.data.replaces,
                client=client(),
            )
        case State.ROTATED:
            return Rotate(
                sid=stored.sid,
                new_sid=session.new_sid or stored.sid,
                new_id=new_id(),
                changed=changes.changed,
                removed=changes.removed,
                replaces=session.data.replaces,
                client=client(),
                owner=session.owner,
                confirms=session.confirmed,
                takes=session.owner is not None,
                named=list(session.named),
            )
        case State.DUE:
            return Touch(stored.sid)
    return None
