"""The forms that remove a place, and undo that."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.board import address_beside, address_of
from handlers.flash import say
from handlers.forms import field
from handlers.pins import board_ids, keep
from handlers.place_form import PlaceForm
from handlers.places_of import places_of
from nestmap.places import Place, keep_removed, read_removed

REMOVED_ALREADY = "The place was removed already."
NOT_THE_LAST = "This can't be undone any more: only the last removal can."


class UnpinHandler(BaseHandler):
    """POST /places/{id}/delete."""

    access = Access.ANYONE

    async def post(self, place_id: str) -> None:
        """Remove the place, keep it for an undo, and redirect to its neighbour on the board."""
        ids = await board_ids(self)
        removed = await self._remove(place_id)
        if kept := read_removed(self.session).get(place_id):
            # Also if the form was sent again, because the first answer was lost.
            say(self, f"Removed {kept.name}.", undo=place_id)
        else:
            say(self, f"Removed {removed.name}." if removed else REMOVED_ALREADY)
        self.redirect(address_beside(place_id, ids), status=303)

    async def _remove(self, place_id: str) -> Place | None:
        """Remove the place and return it, or None if there is none."""
        places = await places_of(self)
        if self.current_user and (place := await places.get(place_id)):
            # Stored first, or a commit that fails after the removal would lose the place for good.
            keep_removed(self.session, place)
            await self.save_session()
        removed = await places.remove(place_id)
        if removed:
            # A visitor's place is in the same commit; the copy may fit only after the removal.
            keep_removed(self.session, removed)
        return removed


class UndoHandler(BaseHandler):
    """POST /undo restores the removed place that the form names."""

    access = Access.ANYONE

    async def post(self) -> None:
        """Restore the place if it is the one that was removed last."""
        removed = read_removed(self.session)
        place = removed.get(field(self, "id"))
        if place is None:
            say(self, NOT_THE_LAST if removed else "There is nothing to undo any more.")
            self.redirect("/", status=303)
            return
        form = PlaceForm()
        if await keep(self, place, form):
            say(self, f"{place.name} is back.")
        else:
            say(self, form.errors["form"], undo=place.id)
        self.redirect(address_of(place.id, await board_ids(self)), status=303)
