"""The list of places on the home page: order, filter and pagination."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tornado.web import RequestHandler

from nestmap.places import Place

# With this number of places or more there is a filter, since they do not fit on a screen.
FILTER_FROM = 30
FILTER_LENGTH = 120

CARDS_PER_PAGE = 100
TOP = "#board_title"


@dataclass(frozen=True, slots=True)
class Board:
    """The places that match the filter `wanted`, newest first, and the number of the shown page."""

    total: int
    wanted: str
    matching: list[Place]
    page: int

    @classmethod
    def asked_for(cls, handler: RequestHandler, places: list[Place]) -> "Board":
        """Return the board for the query of a request: ?q= and ?page=."""
        wanted = handler.get_query_argument("q", "")[:FILTER_LENGTH]
        matching = [place for place in newest_first(places) if _matches(place, wanted)]
        number = handler.get_query_argument("page", "1")
        page = int(number) if number.isdecimal() and len(number) < 5 else 1
        return cls(len(places), wanted, matching, min(max(page, 1), _pages(matching)))

    @property
    def shown(self) -> list[Place]:
        """The places of this page."""
        end = self.page * CARDS_PER_PAGE
        return self.matching[end - CARDS_PER_PAGE : end]

    @property
    def links(self) -> dict[str, str]:
        """The address of each matching place by id: on this page, or on another one."""
        links = {}
        for number, place in enumerate(self.matching):
            page = number // CARDS_PER_PAGE + 1
            start = "" if page == self.page else self._address(page)
            links[place.id] = f"{start}#{place.id}"
        return links

    @property
    def has_filter(self) -> bool:
        """True if there are many places, or a filter is in use."""
        return self.total >= FILTER_FROM or bool(self.wanted)

    @property
    def newer(self) -> str:
        """The address of the page before this one, or ""."""
        return self._address(self.page - 1) + TOP if self.page > 1 else ""

    @property
    def older(self) -> str:
        """The address of the page after this one, or ""."""
        return self._address(self.page + 1) + TOP if self.page < _pages(self.matching) else ""

    def _address(self, page: int) -> str:
        query = {"q": self.wanted} if self.wanted else {}
        return "/?" + urlencode({**query, "page": page})


def newest_first(places: list[Place]) -> list[Place]:
    """Return the places in the order of the board."""
    return sorted(places, key=lambda place: (-place.created_at, place.id))


def address_of(place_id: str, ids: Sequence[str]) -> str:
    """Return the address of a place on the board, whose places have these ids in order."""
    page = ids.index(place_id) // CARDS_PER_PAGE + 1 if place_id in ids else 1
    return f"/?page={page}#{place_id}" if page > 1 else f"/#{place_id}"


def address_beside(place_id: str, ids: Sequence[str]) -> str:
    """Return the address of the place that is shown where a removed one was; `ids` has both."""
    left = [one for one in ids if one != place_id]
    if place_id not in ids or not left:
        return "/"
    return address_of(left[min(ids.index(place_id), len(left) - 1)], left)


def _pages(places: list[Place]) -> int:
    return max(1, -(-len(places) // CARDS_PER_PAGE))


def _matches(place: Place, wanted: str) -> bool:
    return wanted.casefold() in f"{place.name}\n{place.note}".casefold()
