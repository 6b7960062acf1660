"""The home page: the map, the places and the form."""

from typing import Any

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.board import Board
from handlers.draft import draft_of
from handlers.forms import field
from handlers.lapsed import said_of
from handlers.map_view import MapView
from handlers.place_form import PlaceForm
from handlers.places_of import left_over, places_of
from handlers.words import duration
from nestmap.places import MOST_PLACES, Place, new_key
from nestmap.places.projection import project
from nestmap.places.towns import suggested_towns
from nestmap.settings import Settings


class HomeHandler(BaseHandler):
    """GET /."""

    access = Access.ANYONE

    async def get(self) -> None:
        """Show the places and the form for a new one."""
        await show_home(self, draft_of(self.session, "/places") or PlaceForm())


async def show_home(handler: BaseHandler, form: PlaceForm) -> None:
    """Answer with the map, the places, newest first, and the form with the typed fields."""
    places = await (await places_of(handler)).all()
    board = Board.asked_for(handler, places)
    lapsed = handler.session.lapsed
    zoomed = handler.get_query_argument("view", "") == "pins"
    handler.render(
        "home.html",
        path="/",
        board=board,
        left_over=left_over(handler),
        most_places=MOST_PLACES,
        session_ended=said_of(lapsed) if lapsed and lapsed.reason != "form" else "",
        kept=kept(handler.services.settings),
        key=field(handler, "key") or new_key(),
        **form_names(form, board.matching, board.links, zoomed=zoomed),
    )


def kept(settings: Settings) -> str:
    """Return in words how long the places of a visitor are kept."""
    longest = duration(settings.absolute_ttl)
    if settings.absolute_ttl <= settings.ttl:
        return f"for {longest}"
    return f"for {duration(settings.ttl)} after your last visit, and for {longest} at most"


def form_names(
    form: PlaceForm, places: list[Place], links: dict[str, str], *, zoomed: bool
) -> dict[str, Any]:
    """Return the names that the templates of the map and of the form need.

    `links` has the address of each place by id, for its pin.
    """
    return {
        "card_links": links,
        "form": form,
        "map_view": MapView.of(places, zoomed=zoomed),
        "project": project,
        "suggested_towns": suggested_towns,
    }
