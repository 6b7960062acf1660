import pytest

from handlers.curves import Span, chart, round_up

SPAN = Span(seconds=1000, step=100)


def drawn(*values):
    points = [{"moment": moment, "n": value} for moment, value in values]
    (curve,) = chart({"n": "Number"}, points, SPAN, 1000.0).curves
    return curve


def test_a_curve_goes_from_left_to_right_and_upwards():
    assert drawn((0, 0), (100, 5), (200, 10)).pieces == ["0.0,200.0 100.0,100.0 200.0,0.0"]


def test_missing_samples_are_a_gap_and_a_lone_one_is_still_seen():
    assert drawn((0, 0), (100, 0), (500, 10)).pieces == [
        "0.0,200.0 100.0,200.0",
        "500.0,0.0 500.0,0.0",
    ]


def test_no_sample_is_no_curve():
    assert drawn() == drawn()
    assert drawn().pieces == []


def test_nothing_is_drawn_outside():
    (piece,) = drawn((-50, 10), (50, 10)).pieces
    assert piece == "0.0,0.0 50.0,0.0"


@pytest.mark.parametrize(
    ("value", "top"), [(0, 5), (5, 5), (6, 10), (10, 10), (11, 20), (999, 1000), (1001, 2000)]
)
def test_the_scale_ends_at_a_round_number(value, top):
    assert round_up(value) == top
