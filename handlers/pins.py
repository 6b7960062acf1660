"""The forms that pin and edit a place."""

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.board import address_of, newest_first
from handlers.cookie_check import redirect_with_cookie
from handlers.draft import draft_of, drop_draft
from handlers.errors import SiteError
from handlers.flash import say
from handlers.forms import field
from handlers.home import form_names, show_home
from handlers.lapsed import require_session
from handlers.place_form import PlaceForm
from handlers.places_of import places_of, put_place
from nestmap.places import MOST_PLACES, MapFull, Place, new_id
from nestmap.sessions import SessionTooLarge

FULL_SESSION = "Your map is full. Remove a place first."
FULL_ACCOUNT = f"Your map is full: an account holds {MOST_PLACES:,} places. Remove one first."
NO_PLACE = "There is no such place. It was removed, or belongs to another map."
REMOVED_MEANWHILE = "This place was removed meanwhile, or belongs to another map. Pin it anew?"


class PinHandler(BaseHandler):
    """POST /places pins a place."""

    access = Access.ANYONE
    accepts_ended = True

    def get(self) -> None:
        """Redirect to the map: after an invalid form, this address is in the browser's history."""
        self.redirect("/")

    async def post(self) -> None:
        """Pin the place, or show the form again with the errors."""
        if self.session.lapsed and field(self, "begin"):
            self.session.begin()
        else:
            require_session(self.session)
        form = PlaceForm.read(self)
        place = form.place(new_id(form.values["name"], field(self, "key")), guess=True)
        if place and await keep(self, place, form):
            where = f" It is in {form.town.full_name}." if form.town else ""
            say(self, f"{place.name} is pinned.{where}")
            redirect_with_cookie(self, f"/#{place.id}")
        else:
            self.set_status(form.status)
            await show_home(self, form)


class EditHandler(BaseHandler):
    """GET and POST /places/{id}."""

    access = Access.ANYONE

    async def get(self, place_id: str) -> None:
        """Show the place in a form, with the fields that were typed before a sign-in."""
        place = await (await places_of(self)).get(place_id)
        draft = draft_of(self.session, self.request.path)
        if place:
            await self.show(place, draft or PlaceForm.of(place))
        elif draft:
            await self.show_removed(draft)
        else:
            raise SiteError(404, "not_found", NO_PLACE)

    async def post(self, place_id: str) -> None:
        """Change the place, or show the form again with the errors."""
        before = await (await places_of(self)).get(place_id)
        form = PlaceForm.read(self)
        if before is None:
            await self.show_removed(form)
            return
        place = form.place(place_id, before=before)
        if place and await keep(self, place, form):
            say(self, f"{place.name} is changed.")
            self.redirect(address_of(place.id, await board_ids(self)), status=303)
        else:
            self.set_status(form.status)
            await self.show(before, form)

    async def show(self, place: Place, form: PlaceForm) -> None:
        """Answer with the form."""
        links = {place.id: address_of(place.id, await board_ids(self))}
        names = form_names(form, [place], links, zoomed=False)
        self.render("edit.html", place=place, **names)

    async def show_removed(self, form: PlaceForm) -> None:
        """Answer with the form for a new place, and what was typed for one that is gone."""
        form.refuse(404, REMOVED_MEANWHILE)
        self.set_status(form.status)
        await show_home(self, form)


async def board_ids(handler: BaseHandler) -> list[str]:
    """Return the ids of the places in the order of the board."""
    return [place.id for place in newest_first(await (await places_of(handler)).all())]


async def keep(handler: BaseHandler, place: Place, form: PlaceForm) -> bool:
    """Store a place and return True, or add the error to `form` and return False if the map is full."""
    try:
        await put_place(handler, place)
    except SessionTooLarge:
        form.refuse(413, FULL_SESSION)
    except MapFull:
        form.refuse(409, FULL_ACCOUNT)
    else:
        drop_draft(handler.session)
        return True
    return False
