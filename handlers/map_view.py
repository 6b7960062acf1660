"""The map on a page: the part of the world that is shown, and the positions of the pins."""

from collections.abc import Iterable
from dataclasses import dataclass

from nestmap.places import Place
from nestmap.places.projection import (
    WIDTH,
    Point,
    View,
    project,
    view_of,
    world_view,
)


@dataclass(frozen=True, slots=True)
class Pin:
    """A place that has coordinates, and its point on the map."""

    place: Place
    point: Point


@dataclass(frozen=True, slots=True)
class MapView:
    """The pins and the shown part of the map; `zoomed` if that is not the whole world."""

    pins: list[Pin]
    view: View
    zoomed: bool

    @classmethod
    def of(cls, places: Iterable[Place], *, zoomed: bool) -> "MapView":
        """Return the map of these places: the whole world, or with `zoomed` the part with the pins."""
        pins = [pin for place in places if (pin := _pin(place))]
        points = [pin.point for pin in pins]
        return cls(pins, view_of(points) if zoomed else world_view(points), zoomed)

    @property
    def scale(self) -> float:
        """The scale at which pins and lines are drawn, so that zooming does not enlarge them."""
        return self.view.width / WIDTH


def _pin(place: Place) -> Pin | None:
    if place.latitude is None or place.longitude is None:
        return None
    return Pin(place, project(place.latitude, place.longitude))
