"""The places of a request: in the session of a visitor, in the account of a signed-in user."""

from handlers.base import BaseHandler
from nestmap.places import (
    AccountPlaces,
    MapFull,
    Place,
    VisitorPlaces,
    keep_removed,
    session_places,
    take_removed,
)
from nestmap.sessions import SessionTooLarge


async def places_of(handler: BaseHandler) -> AccountPlaces | VisitorPlaces:
    """Return the places of this request; both classes have the same methods.

    Places that are still in a signed-in session move to its account first. There are some if the
    outcome of the sign-in was unknown, or if an Express server wrote the row. Those that do not fit
    into the account stay in the session. May raise DatabaseError.
    """
    session = handler.session
    if handler.current_user is None:
        return VisitorPlaces(session)
    if session_places(session):
        await handler.sessions.adopt(session)
    assert session.user_id is not None, "the user is signed in"
    assert session.stored is not None, "a session with a user is stored"
    clock, stored = handler.sessions.clock, session.stored
    return AccountPlaces(handler.services.database, clock, session.user_id, stored.id, stored.sid)


async def put_place(handler: BaseHandler, place: Place) -> bool:
    """Store a place; return True if it is new, False if it replaced one.

    A removed place that is kept for an undo may take the room of this one, so it is kept no longer.
    Raises SessionTooLarge or MapFull if the map is full.
    """
    removed = take_removed(handler.session)
    try:
        return await (await places_of(handler)).put(place)
    except (SessionTooLarge, MapFull):
        keep_removed(handler.session, *removed)
        raise


async def every_place(handler: BaseHandler) -> list[Place]:
    """Return the places of a signed-in user, with those that did not fit into the account."""
    return [*await (await places_of(handler)).all(), *session_places(handler.session)]


def left_over(handler: BaseHandler) -> int:
    """Return the number of places in a signed-in session that did not fit into the account."""
    return len(session_places(handler.session)) if handler.current_user else 0
