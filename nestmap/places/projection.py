"""The projection of the map: Miller cylindrical, in the units of `handlers/static/world.svg`.

https://en.wikipedia.org/wiki/Miller_cylindrical_projection
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

# The map is 1,000 units wide. Its upper edge is at 84° north, its lower edge at 60° south.
WIDTH = 1000.0
_RADIUS = WIDTH / math.tau
_NORTH, _SOUTH = 84.0, -60.0

# The smallest view: a view of one pin should show more than sea.
SMALLEST_VIEW = 60.0

# A pin is drawn above its point; on a phone it is larger, and this high.
PIN_HEIGHT = 45.0


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the map: `x` to the right, `y` downwards."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class View:
    """The shown part of the map: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    def __str__(self) -> str:
        """Return the value of the attribute viewBox."""
        return f"{self.x:g} {self.y:g} {self.width:g} {self.height:g}"


def project(latitude: float, longitude: float) -> Point:
    """Return the point of a position in degrees, rounded to a tenth of a unit."""
    x = (longitude + 180) / 360 * WIDTH
    return Point(round(x, 1), round(_height(_NORTH) - _height(latitude), 1))


def world_view(points: Collection[Point] = ()) -> View:
    """Return the view of the whole map, extended for pins near a pole."""
    highest = min((point.y - PIN_HEIGHT for point in points), default=0.0)
    lowest = max((point.y + SMALLEST_VIEW / 4 for point in points), default=0.0)
    top = min(0, math.floor(highest))
    return View(0, top, WIDTH, max(WORLD_HEIGHT, math.ceil(lowest)) - top)


def view_of(points: Collection[Point]) -> View:
    """Return the smallest view that shows every point with a margin, in the map's proportions."""
    if not points:
        return world_view()
    left, right = min(p.x for p in points), max(p.x for p in points)
    top, bottom = min(p.y for p in points), max(p.y for p in points)
    ratio = WIDTH / WORLD_HEIGHT
    width = max(1.3 * (right - left), 1.5 * (bottom - top) * ratio, SMALLEST_VIEW)
    if width >= WIDTH:
        return world_view(points)
    height = width / ratio
    x = min(max((left + right - width) / 2, 0), WIDTH - width)
    return View(*(round(n, 1) for n in (x, (top + bottom - height) / 2, width, height)))


def _height(latitude: float) -> float:
    """Return the distance of a latitude from the equator in units of the map."""
    return _RADIUS * 1.25 * math.log(math.tan(math.pi / 4 + 0.4 * math.radians(latitude)))


WORLD_HEIGHT = float(round(_height(_NORTH) - _height(_SOUTH)))
