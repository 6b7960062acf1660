"""The places of whoever asks: in the session for a visitor, in the account for who is signed in."""

from handlers.base import BaseHandler
from nestmap.places import AccountPlaces, VisitorPlaces, session_places


async def places_of(handler: BaseHandler) -> AccountPlaces | VisitorPlaces:
    """Return the places of this request; both kinds have the same verbs.

    A session that is signed in and still holds places gives them to its account first: the
    outcome of its sign-in was not known, or an Express server has written the row. What does not
    fit into the account stays. May raise DatabaseError.
    """
    session = handler.session
    if handler.current_user is None:
        return VisitorPlaces(session)
    if session_places(session):
        await handler.sessions.adopt(session)
    assert session.user_id is not None, "someone is signed in"
    assert session.id is not None, "a session with a user is stored"
    return AccountPlaces(handler.services.database, session.user_id, session.id)


def left_over(handler: BaseHandler) -> int:
    """Return how many places of a session that is signed in did not fit into the account."""
    return len(session_places(handler.session)) if handler.current_user else 0
