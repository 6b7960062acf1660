"""The position of a place on the map, the part of the map that is shown, and towns."""

import math

import pytest

from nestmap.places.projection import (
    PIN_HEIGHT,
    WIDTH,
    WORLD_HEIGHT,
    Point,
    project,
    view_of,
    world_view,
)
from nestmap.places.towns import find_towns, is_clear, suggested_towns


@pytest.mark.parametrize("latitude", [-90, -60, -33.9, 0, 35, 84, 89.9])
@pytest.mark.parametrize("longitude", [-180, -9.1, 0, 135.8, 180])
def test_a_position_on_the_map_converts_back_to_its_coordinates(latitude, longitude):
    """By the inverse of the Miller cylindrical projection."""
    point = project(latitude, longitude)
    height = (project(0, 0).y - point.y) / (WIDTH / math.tau)
    assert 2.5 * math.degrees(math.atan(math.exp(0.8 * height)) - math.pi / 4) == pytest.approx(
        latitude, abs=0.05
    )
    assert point.x / WIDTH * 360 - 180 == pytest.approx(longitude, abs=0.05)


def test_the_upper_left_corner_is_84_degrees_north_and_180_degrees_west():
    assert project(84, -180) == Point(0, 0)
    assert project(-60, 180) == Point(1000, pytest.approx(WORLD_HEIGHT, abs=1))


def test_the_view_of_pins_shows_them_all_in_the_proportions_of_the_map():
    lisbon, porto = project(38.7, -9.1), project(41.2, -8.6)
    view = view_of([lisbon, porto])
    for pin in (lisbon, porto):
        assert view.x < pin.x < view.x + view.width
        assert view.y < pin.y < view.y + view.height
    assert view.width / view.height == pytest.approx(1000 / WORLD_HEIGHT, rel=0.01)
    assert view.width < 100


def test_the_view_does_not_leave_the_map():
    fiji, samoa = project(-17.7, 178), project(-13.8, 179.9)
    view = view_of([fiji, samoa])
    assert view.x + view.width <= 1000


def test_for_pins_all_over_the_world_the_whole_map_is_shown():
    assert view_of([project(64, -150), project(-36, 174)]) == world_view()
    assert view_of([]) == world_view()


@pytest.mark.parametrize("latitude", [-90, -60, 0, 78.2, 82.5, 84, 90])
def test_a_whole_pin_is_on_the_map_also_near_a_pole(latitude):
    pin = project(latitude, 0)
    view = world_view([pin, project(0, 180)])
    assert view.y <= pin.y - PIN_HEIGHT
    assert view.y + view.height >= max(pin.y, WORLD_HEIGHT)


def test_the_map_is_extended_for_pins_near_a_pole_only():
    assert world_view([project(71, 25.8), project(-54.8, -68.3)]) == world_view()


@pytest.mark.parametrize(
    ("text", "country", "latitude"),
    [
        ("Kyoto", "Japan", 35),
        ("  kyōto ", "Japan", 35),
        ("京都", "Japan", 35),
        ("Lisboa", "Portugal", 38.7),
        ("Lisbon, Portugal", "Portugal", 38.7),
        ("Paris, Texas", "United States", 33.7),
        ("Springfield, Illinois, United States", "United States", 39.8),
    ],
)
def test_a_town_is_found_by_its_name_in_any_language(text, country, latitude):
    towns = find_towns(text)
    assert is_clear(towns)
    assert towns[0].country == country
    assert towns[0].latitude == pytest.approx(latitude, abs=0.1)


def test_a_name_of_several_towns_gives_a_choice():
    towns = find_towns("Springfield")
    assert len(towns) > 2
    assert not is_clear(towns)
    assert not is_clear(find_towns("San Fernando, Philippines"))
    assert is_clear(find_towns("Paris"))


@pytest.mark.parametrize(
    "text", ["", " ", ",", "Nowhere-on-Sea", "x" * 200, "\ud800", "Kyoto, France"]
)
def test_an_unknown_town_is_not_found(text):
    assert find_towns(text) == []


def test_every_town_that_is_suggested_is_found():
    assert len(suggested_towns()) == 250
    for name in suggested_towns():
        assert find_towns(name), name
