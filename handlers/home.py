"""The nest map: the visitor's places, add and remove."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.forms import field
from nestmap.places import InvalidPlace, Place, new_id, pin, places_of, unpin
from nestmap.sessions import SessionTooLarge


class HomeHandler(BaseHandler):
    """GET / shows the map."""

    access = Access.ANYONE

    def get(self) -> None:
        """Show the places and the form that pins one more."""
        show_map(self, {"name": "", "note": ""}, {})


class PinHandler(BaseHandler):
    """POST /places pins a place by the form."""

    access = Access.ANYONE

    def get(self) -> None:
        """Go back to the map; the address is in the history after a form with a mistake."""
        self.redirect("/")

    def post(self) -> None:
        """Pin the place, or show the form again with what is wrong."""
        form = {"name": field(self, "name"), "note": field(self, "note")}
        try:
            pin(self.session, Place(new_id(form["name"]), **form))
        except InvalidPlace as error:
            self.set_status(400)
            show_map(self, form, {error.field: str(error)})
        except SessionTooLarge:
            self.set_status(413)
            show_map(self, form, {"form": "Your map is full. Remove a place first."})
        else:
            self.redirect("/", status=303)


class UnpinHandler(BaseHandler):
    """POST /places/{id}/delete removes a place by the form."""

    access = Access.ANYONE

    def post(self, place_id: str) -> None:
        """Remove the place; one that is gone already is as good as removed."""
        unpin(self.session, place_id)
        self.redirect("/", status=303)


def show_map(handler: BaseHandler, form: dict[str, str], errors: dict[str, str]) -> None:
    """Answer with the map, with what was entered and what is wrong with it."""
    handler.render(
        "home.html",
        places=places_of(handler.session),
        form=form,
        errors=errors,
        path="/",
        idle_hours=round(handler.services.settings.ttl / 3600, 1),
    )
