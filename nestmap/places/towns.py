"""The positions of towns by name, from GeoNames (CC BY 4.0); `make towns` makes the data."""

import gzip
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("towns.tsv.gz")
SUGGESTIONS = Path(__file__).with_name("largest-towns.txt")

# No name of a town is longer. A longer text is refused before it is normalised, which takes time
# that grows with the square of the length.
NAME_LENGTH = 120

# The number of towns that pages suggest, and that are offered if several have the same name.
SUGGESTED = 250
OFFERED = 8


@dataclass(frozen=True, slots=True)
class Town:
    """A town of 15,000 people or more; `region` is "" outside the United States."""

    name: str
    region: str
    country: str
    latitude: float
    longitude: float
    population: int

    @property
    def full_name(self) -> str:
        """The name with region and country: "Springfield, Illinois, United States"."""
        return ", ".join(part for part in (self.name, self.region, self.country) if part)


def find_towns(text: str) -> list[Town]:
    """Return the towns with this name, largest first, at most `OFFERED`.

    `text` is a name in any language ("Lisboa"), alone or with region or country ("Paris, Texas").
    """
    if len(text) > NAME_LENGTH:
        return []
    name, *rest = (folded(part) for part in text.split(","))
    found = [town for town in _named(name) if _is_in(town, rest)]
    return sorted(found, key=lambda town: -town.population)[:OFFERED]


def is_clear(towns: list[Town]) -> bool:
    """Return True if the first of these towns, largest first, is most likely meant.

    Paris in France is ten times as large as any other Paris, so it is clear; Springfield is not.
    """
    return len(towns) == 1 or (len(towns) > 1 and towns[0].population > 10 * towns[1].population)


@cache
def suggested_towns() -> list[str]:
    """Return the full names of the largest towns, in alphabetical order."""
    return SUGGESTIONS.read_text().splitlines()


def folded(text: str) -> str:
    """Return the name without case, accents and punctuation: "são  Paulo" is "sao paulo"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def _named(name: str) -> list[Town]:
    """Return every town with this folded name."""
    data, start = _data(), b"\n%b\t" % name.encode("utf-8", "replace")
    found = []
    # The lines are sorted, so those with the same name are adjacent.
    at = data.find(start)
    while at >= 0 and data.startswith(start, at):
        end = data.index(b"\n", at + 1)
        found.append(_town(data[at + 1 : end]))
        at = end
    return found


def _is_in(town: Town, rest: list[str]) -> bool:
    where = {folded(town.region), folded(town.country)}
    return all(part in where for part in rest if part)


def _town(line: bytes) -> Town:
    _, name, region, country, latitude, longitude, population = line.decode().split("\t")
    return Town(name, region, country, float(latitude), float(longitude), int(population))


@cache
def _data() -> bytes:
    """Return the lines, each between two line feeds: 2.6 MB, searched in less than 1 ms."""
    return b"\n" + gzip.decompress(FILE.read_bytes())
