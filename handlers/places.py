"""The API of places: those of the account after a sign-in, else those of the session."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.forms import json_object
from handlers.places_of import places_of, put_place
from nestmap.places import MOST_PLACES, InvalidPlace, MapFull, parse_place


class PlacesHandler(BaseHandler):
    """GET /api/places."""

    access = Access.ANYONE

    async def get(self) -> None:
        """Answer with all places, in order of id."""
        places = await (await places_of(self)).all()
        self.finish_json({"places": [place.json() for place in places]})


class PlaceHandler(BaseHandler):
    """PUT and DELETE /api/places/{id}."""

    access = Access.ANYONE

    async def put(self, place_id: str) -> None:
        """Store a place: 201 if it is new, 200 if it replaced one."""
        try:
            place = parse_place(place_id, json_object(self))
            new = await put_place(self, place)
        except InvalidPlace as error:
            raise SiteError(400, "invalid_place", str(error)) from None
        except MapFull:
            raise SiteError(
                409, "map_full", f"The account has {MOST_PLACES:,} places, the most."
            ) from None
        self.set_status(201 if new else 200)
        self.finish_json(place.json())

    async def delete(self, place_id: str) -> None:
        """Remove a place; 404 when there is none of this id, 401 when the session has ended."""
        if not await (await places_of(self)).remove(place_id):
            raise SiteError(404, "not_found", "There is no place of this id.")
        self.set_status(204)
