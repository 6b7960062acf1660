"""Times, durations, sizes, positions and browsers in words."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.words import ago, browser_name, duration, position, size

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (59, "just now"), (120, "2 minutes ago"), (3 * 3600, "3 hours ago")],
)
def test_a_time_in_the_past_is_given_in_the_largest_unit(seconds, said):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (45, "45 seconds"),
        (1800, "30 minutes"),
        (3600, "1 hour"),
        (5400, "1 hour and 30 minutes"),
        (43200, "12 hours"),
        (604800, "7 days"),
        (2592000, "30 days"),
    ],
)
def test_a_duration_below_an_hour_is_given_in_minutes(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("octets", "said"), [(0, "0 Bytes"), (1536, "1.5 KiB"), (7 * 1024**3, "7.0 GiB")]
)
def test_a_size_is_said_in_the_largest_unit(octets, said):
    assert size(octets) == said


@pytest.mark.parametrize(
    ("latitude", "longitude", "said"),
    [(35.01, 135.77, "35.0° N, 135.8° E"), (-33.87, -70.65, "33.9° S, 70.7° W")],
)
def test_a_position_is_said_by_its_hemispheres(latitude, longitude, said):
    assert position(latitude, longitude) == said


EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (IPHONE, "Safari on iOS"),
        ("curl/8.0", "curl"),
        (None, "Unknown browser"),
        ("x" * 400, "Unknown browser"),
    ],
)
def test_a_browser_is_named_by_product_and_system(user_agent, said):
    assert browser_name(user_agent) == said
