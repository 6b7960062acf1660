"""The API of places."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.forms import json_object
from nestmap.places import InvalidPlace, Place, pin, places_of, unpin


class PlacesHandler(BaseHandler):
    """GET /api/places."""

    access = Access.ANYONE

    def get(self) -> None:
        """Every place of the visitor, in order of id."""
        self.finish_json({"places": places_of(self.session)})


class PlaceHandler(BaseHandler):
    """PUT and DELETE /api/places/{id}."""

    access = Access.ANYONE

    def put(self, place_id: str) -> None:
        """Pin a place: 201 when it is new, 200 when it replaced one."""
        try:
            place = Place.parse(place_id, json_object(self))
        except InvalidPlace as error:
            raise SiteError(400, "invalid_place", str(error)) from None
        new = pin(self.session, place)
        self.set_status(201 if new else 200)
        self.finish_json({"id": place.id, "name": place.name, "note": place.note})

    def delete(self, place_id: str) -> None:
        """Remove a place; 404 when there is none of this id."""
        if not unpin(self.session, place_id):
            raise SiteError(404, "not_found", "There is no place of this id.")
        self.set_status(204)
