"""The fields of a place, and how places are read and written."""

import csv
import io
import json
import math
import time
import unicodedata

import pytest

from nestmap.places import InvalidPlace, Place, csv_table, geojson, new_id, parse_place

KYOTO = Place("kyoto", "Kyoto", "cherry\nblossoms", 35.02, 135.75, created_at=1_700_000_000.0)
HOME = Place("home", "=1+1", "")


def errors_of(**fields) -> dict[str, str]:
    with pytest.raises(InvalidPlace) as refused:
        parse_place("a", fields)
    return refused.value.errors


def test_all_mistakes_are_returned_at_once():
    assert set(errors_of(name=" ", note="n" * 501, latitude=91, longitude=181)) == {
        "name",
        "note",
        "latitude",
        "longitude",
    }


@pytest.mark.parametrize(
    "name",
    ["", " ", "\u200b", "\u200d\u2060", "\u00a0", "\u2800", "\u3164", "\u202e", "\u0301", "\t\n"],
)
def test_an_invisible_name_is_refused(name):
    assert errors_of(name=name) == {"name": "Enter the name of a place."}


@pytest.mark.parametrize("name", ["京都", "🏔", "é", "-", "مكة", "👩\u200d🚀", "7"])
def test_a_name_in_any_script_is_accepted(name):
    assert parse_place("a", {"name": name}).name == name


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(1, None), (None, 1), (90.1, 0), (0, -180.1), (math.nan, 0), (0, math.inf), (True, 0)],
)
def test_incomplete_and_out_of_range_coordinates_are_refused(latitude, longitude):
    assert errors_of(name="n", latitude=latitude, longitude=longitude)


def test_an_id_is_made_from_the_name_and_is_unique():
    ids = {new_id("São Paulo") for _ in range(100)}
    assert len(ids) == 100
    assert all(place_id.startswith("sao-paulo-") for place_id in ids)
    assert new_id("京都").startswith("place-")


def test_the_id_of_a_name_that_is_slow_to_normalise_is_made_quickly():
    """64 kB of combining marks took 5 s; the limit is relative to the normalisation of the whole text."""
    hostile = ("\u0344" * 16_250 + "\u0316" * 16_250)[: 1 << 15]
    assert _seconds(lambda: new_id(hostile)) < _seconds(
        lambda: unicodedata.normalize("NFKD", hostile[:4_000])
    )


def test_geojson_has_a_feature_for_each_place_and_longitude_first():
    kyoto, home = json.loads(geojson([KYOTO, HOME]))["features"]
    assert kyoto["geometry"] == {"type": "Point", "coordinates": [135.75, 35.02]}
    assert kyoto["properties"]["name"] == "Kyoto"
    assert kyoto["properties"]["created_at"] == "2023-11-14T22:13:20.000Z"
    assert home["geometry"] is None


def test_csv_has_a_row_for_each_place_and_formulas_are_escaped():
    rows = list(csv.DictReader(io.StringIO(csv_table([KYOTO, HOME]).decode("utf-8-sig"))))
    assert rows[0]["note"] == "cherry\nblossoms"
    assert (rows[0]["latitude"], rows[0]["longitude"]) == ("35.02", "135.75")
    assert rows[1]["name"] == "'=1+1"
    assert rows[1]["latitude"] == ""


@pytest.mark.parametrize("first", "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
def test_a_text_that_may_be_a_formula_is_escaped_in_csv(first):
    table = csv_table([Place("a", "n", f"{first}1+1")]).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(table, newline="")))["note"] == f"'{first}1+1"


def _seconds(work) -> float:
    """Return the shortest CPU time of three runs, which excludes other programs on the machine."""
    return min(_turn(work) for _ in range(3))


def _turn(work) -> float:
    since = time.thread_time()
    work()
    return time.thread_time() - since
