"""Make `handlers/static/world.svg` from Natural Earth 1:110m (public domain), as world-atlas has it.

`make outline` runs it. TopoJSON: https://github.com/topojson/topojson-specification
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from nestmap.places.projection import WIDTH, WORLD_HEIGHT, Point, project

TARGET = Path(__file__).resolve().parent.parent / "handlers" / "static" / "world.svg"
# Smaller islands are invisible at the size of the map.
SMALLEST_ISLAND = 3

Line = list[Point]


def main(atlas: str) -> None:
    """Read countries-110m.json at the path `atlas` and write the outline."""
    topology = json.loads(Path(atlas).read_text())
    arcs = list(_arcs(topology))
    land = _rings(topology["objects"]["land"], arcs)
    borders = (arcs[number] for number in _shared(topology["objects"]["countries"]))
    TARGET.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {WORLD_HEIGHT:g}">\n'
        "<!-- Natural Earth 1:110m, public domain. Made by `make outline`. -->\n"
        f'<path id="land" d="{"".join(_path(ring) + "z" for ring in land)}"/>\n'
        f'<path id="borders" fill="none" d="{"".join(map(_path, borders))}"/>\n'
        "</svg>\n"
    )


def _arcs(topology: Any) -> Iterator[Line]:
    """Return the lines of a topology; its positions are differences on a grid of integers."""
    (scale_x, scale_y), (move_x, move_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append(project(y * scale_y + move_y, x * scale_x + move_x))
        yield line


def _rings(collection: Any, arcs: list[Line]) -> Iterator[Line]:
    """Return the outlines of all polygons, without the smallest."""
    for geometry in collection["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            line = [point for number in ring for point in _arc(arcs, number)]
            yield from (part for part in _cut(line) if len(set(part)) > SMALLEST_ISLAND)


def _cut(line: Line) -> Iterator[Line]:
    """Cut an outline where it leaves the map on one side and continues on the other."""
    cuts = [i for i in range(1, len(line)) if abs(line[i].x - line[i - 1].x) > WIDTH / 2]
    if not cuts:
        yield line
        return
    # The outline is closed, so the last part continues with the first.
    yield line[cuts[-1] :] + line[: cuts[0]]
    for start, end in pairwise(cuts):
        yield line[start:end]


def _arc(arcs: list[Line], number: int) -> Line:
    """Return the arc of this number; a negative one (~n) is arc n backwards."""
    return arcs[number] if number >= 0 else arcs[~number][::-1]


def _shared(collection: Any) -> Iterable[int]:
    """Return the arcs that two countries share: the borders on land."""
    seen: set[int] = set()
    shared: set[int] = set()
    for geometry in collection["geometries"]:
        own = {n if n >= 0 else ~n for n in _numbers(geometry["arcs"])}
        shared |= seen & own
        seen |= own
    return sorted(shared)


def _numbers(arcs: Any) -> Iterator[int]:
    for each in arcs:
        if isinstance(each, int):
            yield each
        else:
            yield from _numbers(each)


def _path(line: Line) -> str:
    """Return the commands of one line, as differences in tenths of a unit."""
    written = f"M{line[0].x:g} {line[0].y:g}"
    previous = line[0]
    steps = []
    for point in line[1:]:
        dx, dy = round(point.x - previous.x, 1), round(point.y - previous.y, 1)
        if dx or dy:
            steps.append(f"{_short(dx)}{'' if dy < 0 else ' '}{_short(dy)}")
            previous = point
    return written + "l" + " ".join(steps) if steps else ""


def _short(number: float) -> str:
    """Return the number without the zero before its point: .5, -.5."""
    return f"{number:g}".replace("0.", ".", 1) if abs(number) < 1 else f"{number:g}"


if __name__ == "__main__":
    main(sys.argv[1])
